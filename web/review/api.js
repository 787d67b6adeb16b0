// Same-origin requests with the page's CSRF token; responses are JSON.

const TIMEOUT = 15_000;

export class Api {
  constructor({ csrf, fetch = globalThis.fetch.bind(globalThis) }) {
    this.csrf = csrf;
    this.fetch = fetch;
  }

  /**
   * Sends a form. Resolves with status and JSON; status 0 means that there was no response. `isBackground` marks
   * requests without a user action: they do not extend the session.
   */
  async post(path, fields = {}, { keepalive = false, isBackground = false } = {}) {
    const body = fields instanceof URLSearchParams ? fields : new URLSearchParams(fields);
    body.set('csrf', this.csrf);
    return this.#send(path, { method: 'POST', body, keepalive }, isBackground);
  }

  async get(path, { isBackground = false } = {}) {
    return this.#send(path, {}, isBackground);
  }

  async #send(path, options, isBackground) {
    try {
      const response = await this.fetch(path, {
        ...options,
        headers: { Accept: 'application/json', ...(isBackground && { 'X-Background': '1' }) },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: options.keepalive ? undefined : AbortSignal.timeout(TIMEOUT),
      });
      const data = await response.json().catch(() => null);
      return { status: response.status, data: data ?? {}, date: response.headers.get('Date') };
    } catch {
      return { status: 0, data: {} };
    }
  }

  /** Sends a form while the page is being unloaded, without waiting for the response. */
  sendBeacon(path, fields) {
    const body = new URLSearchParams({ ...fields, csrf: this.csrf });
    if (!globalThis.navigator?.sendBeacon?.(path, body)) this.post(path, body, { keepalive: true });
  }
}

/** How to handle the response to a change: `done`, `signed-out`, `retry`, `stale` or `refused`. */
export function outcomeOf(status, data) {
  if (status >= 200 && status < 300) return 'done';
  if (status === 401) return 'signed-out';
  // Outside the office network the request is kept and retried: it succeeds once the computer is back there.
  if (status === 403) return isNetworkRefusal(data) ? 'retry' : 'stale';
  if (status === 0 || status === 408 || status === 429 || status >= 500) return 'retry';
  return 'refused';
}

/** Whether the request was refused because reviewers may not work from this computer's network. */
export const isNetworkRefusal = (data) => data?.data?.details?.reason === 'network';
