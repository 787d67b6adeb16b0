// Prefetches the next report: its page and the beginning of its video.

import { elapsedSince, timestamp } from './link.js';
import { part } from './page.js';
import { canAutoplay } from './player.js';

/** Milliseconds. An older page is fetched again, because another reviewer may have decided the report. */
const MAX_AGE = 120_000;

/**
 * Fetches a page of the console. Resolves with `{ url, page, data, csrf, at, isPrefetch }` for the page of a report,
 * `{ url }` for any other page, which has to be loaded, and `{ isOffline: true }` if there is no network or no server.
 */
export async function fetchPage(url, { isPrefetch = false, signal } = {}) {
  const headers = { Accept: 'text/html' };
  // A prefetch is not recorded as a view.
  if (isPrefetch) headers['X-Background'] = '1';
  const at = timestamp();
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
  #result = null;
  #video = null;
  #abort = new AbortController();

  constructor(url) {
    this.url = url;
  }

  async start() {
    if (this.isStarted || !this.url.startsWith('/review/report/')) return;
    this.isStarted = true;
    const result = await fetchPage(this.url, { isPrefetch: true, signal: this.#abort.signal });
    if (this.#abort.signal.aborted) return;
    // The next start of playback retries.
    if (result.isOffline) this.isStarted = false;
    if (!result.page) return;
    this.#result = result;
    const { url } = result.data.video ?? {};
    if (!url || !canAutoplay()) return;
    // The player reuses this element, so that nothing is loaded twice. Browsers stop buffering after a few
    // seconds of video.
    this.#video = document.createElement('video');
    Object.assign(this.#video, { muted: true, playsInline: true, preload: 'auto', src: url });
  }

  /** Returns the page with the preloaded video element; null if it is missing or too old. */
  take(url) {
    const result = this.#result;
    if (!result || this.url !== url || elapsedSince(result.at) > MAX_AGE) {
      this.drop();
      return null;
    }
    const element = part('video', result.page);
    if (this.#video && element) {
      for (const { name, value } of element.attributes) {
        if (!['src', 'preload', 'controls', 'autoplay'].includes(name)) this.#video.setAttribute(name, value);
      }
      element.replaceWith(document.adoptNode(this.#video));
      this.#video = null;
    }
    this.#result = null;
    return result;
  }

  /** Discards the page and the video, and aborts a running request. */
  drop() {
    this.#abort.abort();
    this.#video?.removeAttribute('src');
    this.#video?.load();
    this.#video = null;
    this.#result = null;
  }
}
