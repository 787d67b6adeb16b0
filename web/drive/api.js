// Same-origin requests to this service, in the driver's language, with the page's CSRF token or an access token.

import { offsetOf } from './clock.js';

/** Milliseconds before its expiry in which an access token is replaced. */
const EXPIRY_MARGIN = 20_000;

/** An error response of the service. `message` is its stable error code. */
export class ApiError extends Error {
  constructor(status, data) {
    super(data?.error ?? `http_${status}`);
    this.status = status;
    this.data = data ?? {};
  }
}

export class Api {
  #token = null;
  #refresh = null;

  /** `csrf` is the token of this page's session; `kind` is the kind of the session, `drive` or `film`. */
  constructor({ language, csrf, kind, fetch = globalThis.fetch.bind(globalThis), now = Date.now, onOffset }) {
    Object.assign(this, { language, csrf, kind, fetch, now, onOffset });
  }

  /** Sends a request. Resolves with the JSON of the response; rejects with `ApiError`, or with `TypeError` offline. */
  async send(method, path, { body, form, token, timeout = 20_000 } = {}) {
    const headers = { 'Accept-Language': this.language, Accept: 'application/json' };
    if (body) headers['Content-Type'] = 'application/json';
    if (token) headers.Authorization = `Bearer ${token}`;
    else if (this.csrf) headers['X-CSRF-Token'] = this.csrf;
    const sentAt = this.now();
    const response = await this.fetch(path, {
      method,
      headers,
      body: form ?? (body ? JSON.stringify(body) : undefined),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(timeout),
    });
    const offset = offsetOf(response.headers.get('Date'), sentAt, this.now());
    if (offset !== null) this.onOffset?.(offset);
    const json = response.status === 204 ? null : await response.json().catch(() => null);
    if (!response.ok) throw new ApiError(response.status, json?.data);
    return json?.data ?? json;
  }

  /** An access token that does not expire soon. Rejects with `signed_out` or `other_session`. */
  async token() {
    if (this.#token && this.#token.until - this.now() > EXPIRY_MARGIN) return this.#token.value;
    return this.refreshToken();
  }

  /** A new access token. Concurrent callers share one request. */
  refreshToken() {
    this.#refresh ??= this.#requestToken().finally(() => {
      this.#refresh = null;
    });
    return this.#refresh;
  }

  async #requestToken() {
    try {
      const data = await this.send('POST', '/drive/token', { body: { session: this.kind } });
      this.#token = { value: data.access_token, until: this.now() + data.expires_in * 1000 };
      return data.access_token;
    } catch (error) {
      // Another driver or link has started a session on this phone since the page was loaded.
      if (error.message === 'csrf_invalid') throw new Error('other_session');
      if (error.status === 401 || error.status === 403) throw new Error('signed_out');
      throw error;
    }
  }

  /** The state of an upload by its URL; null if the service does not know it. */
  async uploadState(url) {
    try {
      return await this.send('GET', new URL(url, location.href).pathname, { token: await this.token() });
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }

  async preflight(form) {
    return { data: await this.send('POST', '/uploads/preflight', { form, token: await this.token(), timeout: 120_000 }) };
  }
}

/** The device id of this browser, stored for later sign-ins. */
export function deviceId(storage = globalThis.localStorage, crypto = globalThis.crypto) {
  const known = read(storage, 'drive.device');
  if (known) return known;
  const id = `web-${randomId(crypto)}`;
  write(storage, 'drive.device', id);
  return id;
}

/** 128 random bits. `crypto.randomUUID` does not exist over plain http. */
export function randomId(crypto = globalThis.crypto) {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Reads a stored value; null if there is none or storage is blocked. */
export function read(storage, name) {
  try {
    return storage.getItem(name);
  } catch {
    return null;
  }
}

/** Stores a value, or removes it if it is null. */
export function write(storage, name, value) {
  try {
    if (value === null) storage.removeItem(name);
    else storage.setItem(name, value);
  } catch {
    // Without storage the value is asked for again on the next page.
  }
}
