// Requests of the scripts: same origin, with the token of the page, answered as JSON.

const WAIT = 15_000;

export class Api {
  constructor({ csrf, fetch = globalThis.fetch.bind(globalThis) }) {
    this.csrf = csrf;
    this.fetch = fetch;
  }

  /**
   * Sends a form. Resolves with status and JSON; status 0 means that no answer came. What the person has not asked
   * for is in the background: it does not keep a session from ending.
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
        signal: options.keepalive ? undefined : AbortSignal.timeout(WAIT),
      });
      const data = await response.json().catch(() => null);
      return { status: response.status, data: data ?? {}, date: response.headers.get('Date') };
    } catch {
      return { status: 0, data: {} };
    }
  }

  /** While the page goes away nothing can be waited for. */
  sendBeacon(path, fields) {
    const body = new URLSearchParams({ ...fields, csrf: this.csrf });
    if (!globalThis.navigator?.sendBeacon?.(path, body)) this.post(path, body, { keepalive: true });
  }
}

/** What the answer to a change means. */
export function outcomeOf(status, data) {
  if (status >= 200 && status < 300) return 'done';
  if (status === 401) return 'signed-out';
  // Outside the office nothing is lost: it works again there.
  if (status === 403) return isNetworkRefusal(data) ? 'later' : 'stale';
  if (status === 0 || status === 408 || status === 429 || status >= 500) return 'later';
  return 'refused';
}

/** Whether reviewers are kept out of the network that this computer is in. */
export const isNetworkRefusal = (data) => data?.data?.details?.reason === 'network';
