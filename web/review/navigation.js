// Navigation between reports without loading a page, with support for the browser's back and forward buttons.

import { fetchPage } from './ahead.js';

/** The address without `done`, whose message must not be shown again after a reload. */
export function withoutEvent(href) {
  const url = new URL(href);
  url.searchParams.delete('done');
  return url.href;
}

const pathOf = ({ pathname, search }) => pathname + search;

export class Navigation {
  #latest = 0;
  #path;

  /**
   * `show(result)` replaces the current page; `canShow(result)` decides whether that is possible; `onOffline()` is
   * called if the back or forward button leads to a page that cannot be fetched.
   */
  constructor({ show, canShow, onOffline, fetch = fetchPage, browser = globalThis }) {
    Object.assign(this, { show, canShow, onOffline, fetch, browser });
    browser.history.replaceState(null, '', withoutEvent(browser.location.href));
    this.#path = pathOf(browser.location);
    browser.addEventListener('popstate', () => this.#onPopState());
  }

  /**
   * Shows another report, `prefetched` if available; a page that cannot be shown in place is loaded. Resolves with
   * `shown`, `loaded`, `offline`, or `superseded` by a later call. `isReplacing`: replaces the current history entry.
   */
  async go(url, { prefetched = null, isReplacing = false } = {}) {
    this.#latest += 1;
    const call = this.#latest;
    const { href } = new URL(url, this.browser.location.href);
    const result = prefetched ?? await this.fetch(href);
    if (call !== this.#latest) return 'superseded';
    if (result.isOffline) return 'offline';
    if (!result.page || !this.canShow(result)) {
      this.browser.location.assign(href);
      return 'loaded';
    }
    this.#setAddress(new URL(result.url, href).href, isReplacing);
    this.show(result);
    return 'shown';
  }

  #setAddress(href, isReplacing) {
    const name = isReplacing ? 'replaceState' : 'pushState';
    this.browser.history[name](null, '', withoutEvent(href));
    this.#path = pathOf(this.browser.location);
  }

  async #onPopState() {
    const { location, history } = this.browser;
    // Only the fragment has changed.
    if (pathOf(location) === this.#path) return;
    if (await this.go(location.href, { isReplacing: true }) !== 'offline') return;
    // Restores the address of the report that is still shown.
    history.pushState(null, '', this.#path);
    this.onOffline();
  }
}
