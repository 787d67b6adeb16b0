// The next report: its page and the beginning of its video are fetched while this one is watched.

import { moment, elapsedSince } from './link.js';
import { part } from './page.js';
import { canAutoplay } from './player.js';

/** A page that is older is fetched again: somebody else may have decided meanwhile. */
const FRESH = 120_000;

/**
 * Fetches a page of the console: `{ url, page, data, csrf, at, isAhead }`. Without a network or a server it is
 * `{ isOffline: true }`; what is no page of a report is `{ url }`, to be loaded.
 */
export async function fetchPage(url, { isPrefetch = false, signal } = {}) {
  const headers = { Accept: 'text/html' };
  // Looking ahead is no view.
  if (isPrefetch) headers['X-Background'] = '1';
  const at = moment();
  try {
    const response = await fetch(url, { headers, credentials: 'same-origin', cache: 'no-store', signal });
    if (response.status >= 500 || response.status === 429) return { isOffline: true };
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const data = JSON.parse(page.getElementById('page-data')?.textContent ?? '{}');
    if (!response.ok || !part('report', page) || !data.refKey) return { url };
    const csrf = page.querySelector('input[name="csrf"]')?.value;
    return { url: response.url || url, page, data, csrf, at, isPrefetch };
  } catch {
    return { isOffline: true };
  }
}

export class Prefetch {
  #found = null;
  #video = null;
  #end = new AbortController();

  constructor(url) {
    this.url = url;
  }

  async start() {
    if (this.isStarted || !this.url.startsWith('/review/report/')) return;
    this.isStarted = true;
    const found = await fetchPage(this.url, { isPrefetch: true, signal: this.#end.signal });
    if (this.#end.signal.aborted) return;
    // Playback that starts again tries again.
    if (found.isOffline) this.isStarted = false;
    if (!found.page) return;
    this.#found = found;
    const { url } = found.data.video ?? {};
    if (!url || !canAutoplay()) return;
    // The player takes this element, so that nothing is loaded twice. Browsers stop by themselves after a few
    // seconds of video.
    this.#video = document.createElement('video');
    Object.assign(this.#video, { muted: true, playsInline: true, preload: 'auto', src: url });
  }

  /** The page, with the element that has begun to load; null if it is not there or old. */
  take(url) {
    const found = this.#found;
    if (!found || this.url !== url || elapsedSince(found.at) > FRESH) {
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

  /** Forgets what was fetched, and what is on its way. */
  drop() {
    this.#end.abort();
    this.#video?.removeAttribute('src');
    this.#video?.load();
    this.#video = null;
    this.#found = null;
  }
}
