// Requests to this service: same origin, in the driver's language, with the token of the page.

import { offsetOf } from './clock.js';

/** A token is not used in the last seconds of its life. */
const SPARE = 20_000;

/** A problem of the service; `message` is its stable code. */
export class ApiError extends Error {
  constructor(status, data) {
    super(data?.error ?? `http_${status}`);
    this.status = status;
    this.data = data ?? {};
  }
}

export class Api {
  #token = null;
  #renewing = null;

  /** `csrf` is that of the session of this page, `kind` is `drive` or `film`. */
  constructor({ language, csrf, kind, fetch = globalThis.fetch.bind(globalThis), now = Date.now, onOffset }) {
    Object.assign(this, { language, csrf, kind, fetch, now, onOffset });
  }

  /** Sends a request; resolves with the JSON of its answer, rejects with `ApiError`, or offline with TypeError. */
  async send(method, path, { body, form, token, timeout = 20_000 } = {}) {
    const headers = { 'Accept-Language': this.language, Accept: 'application/json' };
    if (body) headers['Content-Type'] = 'application/json';
    if (token) headers.Authorization = `Bearer ${token}`;
    else if (this.csrf) headers['X-CSRF-Token'] = this.csrf;
    const sentAt = this.now();
    const answer = await this.fetch(path, {
      method,
      headers,
      body: form ?? (body ? JSON.stringify(body) : undefined),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(timeout),
    });
    const offset = offsetOf(answer.headers.get('Date'), sentAt, this.now());
    if (offset !== null) this.onOffset?.(offset);
    const json = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (!answer.ok) throw new ApiError(answer.status, json?.data);
    return json?.data ?? json;
  }

  /** An access token that is still valid for a while. Rejects with `signed_out` or `other_session`. */
  async token() {
    if (this.#token && this.#token.until - this.now() > SPARE) return this.#token.value;
    return this.refreshToken();
  }

  /** A new access token. Several callers at once share one request. */
  refreshToken() {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renew() {
    try {
      const data = await this.send('POST', '/drive/token', { body: { session: this.kind } });
      this.#token = { value: data.access_token, until: this.now() + data.expires_in * 1000 };
      return data.access_token;
    } catch (error) {
      // The cookie is that of another driver or another link, who came to this phone after the page.
      if (error.message === 'csrf_invalid') throw new Error('other_session');
      if (error.status === 401 || error.status === 403) throw new Error('signed_out');
      throw error;
    }
  }

  /** The state of an upload, by its address; null if the service does not know it. */
  async upload(url) {
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

/** An id for this browser, kept for its sign-ins. */
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

/** Storage may be forbidden altogether. */
export function read(storage, name) {
  try {
    return storage.getItem(name);
  } catch {
    return null;
  }
}

export function write(storage, name, value) {
  try {
    if (value === null) storage.removeItem(name);
    else storage.setItem(name, value);
  } catch {
    // It is asked for again next time.
  }
}
