// Going from report to report without loading a page, and back by the buttons of the browser.

import { fetchPage } from './ahead.js';

/** What an address says has just happened: it is said once, not again after a reload. */
export function withoutEvent(href) {
  const url = new URL(href);
  url.searchParams.delete('done');
  return url.href;
}

const pathOf = ({ pathname, search }) => pathname + search;

export class Navigation {
  #latest = 0;
  #place;

  /**
   * `show(found)` puts a page in the place of this one; `canShow(found)` says whether it may; `onOffline()` is called
   * if a button of the browser leads to a page that cannot be fetched.
   */
  constructor({ show, canShow, onOffline, fetch = fetchPage, browser = globalThis }) {
    Object.assign(this, { show, canShow, onOffline, fetch, browser });
    browser.history.replaceState(null, '', withoutEvent(browser.location.href));
    this.#place = pathOf(browser.location);
    browser.addEventListener('popstate', () => this.#popped());
  }

  /**
   * Shows another report, which `ready` has if it was fetched ahead; what cannot be shown here is loaded. Resolves
   * with `shown`, `loaded`, `offline`, or `outdated` if another call came later. `isHere`: the address is already
   * that of the page.
   */
  async go(url, { prefetched = null, isReplacing = false } = {}) {
    this.#latest += 1;
    const turn = this.#latest;
    const { href } = new URL(url, this.browser.location.href);
    const found = prefetched ?? await this.fetch(href);
    if (turn !== this.#latest) return 'outdated';
    if (found.isOffline) return 'offline';
    if (!found.page || !this.canShow(found)) {
      this.browser.location.assign(href);
      return 'loaded';
    }
    this.#put(new URL(found.url, href).href, isReplacing);
    this.show(found);
    return 'shown';
  }

  #put(href, isReplacing) {
    const name = isReplacing ? 'replaceState' : 'pushState';
    this.browser.history[name](null, '', withoutEvent(href));
    this.#place = pathOf(this.browser.location);
  }

  async #popped() {
    const { location, history } = this.browser;
    // A link to a part of this page.
    if (pathOf(location) === this.#place) return;
    if (await this.go(location.href, { isReplacing: true }) !== 'offline') return;
    // The address is again that of the report that is still shown.
    history.pushState(null, '', this.#place);
    this.onOffline();
  }
}
