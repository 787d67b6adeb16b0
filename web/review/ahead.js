// The next report: its page and the beginning of its video are fetched while this one is watched.

import { part } from './page.js';
import { startsAlone } from './player.js';

/** A page that is older is fetched again: somebody else may have decided meanwhile. */
const FRESH = 120_000;

/** Fetches a page of the console. Null if it cannot be shown without loading it. */
export async function fetchPage(url, { isAhead = false } = {}) {
  const headers = { Accept: 'text/html' };
  // Looking ahead is no view.
  if (isAhead) headers['X-Background'] = '1';
  const started = performance.now();
  try {
    const answer = await fetch(url, { headers, credentials: 'same-origin', cache: 'no-store' });
    if (!answer.ok || answer.redirected) return null;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const data = JSON.parse(page.getElementById('page-data')?.textContent ?? '{}');
    if (!part('report', page) || !data.refKey) return null;
    return { url, page, data, at: started, isAhead };
  } catch {
    return null;
  }
}

export class Ahead {
  #found = null;
  #video = null;

  constructor(url) {
    this.url = url;
  }

  async start() {
    if (this.isStarted || !this.url.startsWith('/review/report/')) return;
    this.isStarted = true;
    this.#found = await fetchPage(this.url, { isAhead: true });
    const { url } = this.#found?.data.video ?? {};
    if (!url || !startsAlone()) return;
    // The player takes this element, so that nothing is loaded twice. Browsers stop by themselves after a few
    // seconds of video.
    this.#video = document.createElement('video');
    Object.assign(this.#video, { muted: true, playsInline: true, preload: 'auto', src: url });
  }

  /** The page, with the element that has begun to load; null if it is not there or old. */
  take(url) {
    const found = this.#found;
    if (found?.url !== url || performance.now() - found.at > FRESH) {
      this.drop();
      return null;
    }
    const element = part('video', found.page);
    if (this.#video && element) {
      for (const { name, value } of element.attributes) {
        if (!['src', 'preload', 'controls', 'autoplay'].includes(name)) this.#video.setAttribute(name, value);
      }
      element.replaceWith(document.adoptNode(this.#video));
      this.#video = null;
    }
    this.#found = null;
    return found;
  }

  drop() {
    this.#video?.removeAttribute('src');
    this.#video?.load();
    this.#video = null;
    this.#found = null;
  }
}
