// Retry policy of uploads. tus-js-client gives up after four attempts and trusts `navigator.onLine`; this policy
// retries as long as the upload can succeed, and ignores `onLine`.

/** Backoff between attempts without progress, in milliseconds. */
const BACKOFF = [0, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000];

/** Milliseconds without progress after which a connection counts as dead, even if the browser has not noticed. */
export const STALL_TIMEOUT = 20_000;
/** The same after the body was sent, while the service may be storing the video. */
export const RESPONSE_TIMEOUT = 60_000;

/** Milliseconds before the next attempt; `failures` counts attempts since the last acknowledged byte. */
export function backoff(failures, retryAfter, random = Math.random) {
  const base = BACKOFF[Math.min(failures, BACKOFF.length - 1)];
  // Jitter: phones that lose the same antenna must not reconnect in the same second.
  const jittered = base * (0.75 + random() / 2);
  return Math.round(Math.max(jittered, (retryAfter ?? 0) * 1000));
}

/** Whether a running request has stalled. */
export function hasStalled({ now, lastProgressAt, isBodySent }) {
  return now - lastProgressAt >= (isBodySent ? RESPONSE_TIMEOUT : STALL_TIMEOUT);
}

/**
 * The next step after a failed attempt. `method` is that of the request; `problem` is `data` of the response's JSON, if
 * any.
 *
 * - `retry`: resume at the server's offset, after a backoff
 * - `token`: get a new access token first
 * - `query`: the upload has ended; request its state (a HEAD response has no body)
 * - `restart`: the service no longer knows the upload; create a new one
 * - `stop`: final; the problem says why
 */
export function nextStep({ status, method, problem }) {
  if (!status) return 'retry';
  const isCreation = method === 'POST';
  if (isCreation) {
    if (status === 401) return 'token';
    // The film link has expired or the account was disabled.
    if (status === 403 || status === 404) return 'stop';
    if (status === 408 || status === 429 || status >= 500) return 'retry';
    return 'stop';
  }
  switch (status) {
    case 404:
      return 'restart';
    case 410:
      return problem?.details?.code ? 'stop' : 'query';
    case 401:
    case 403:
    case 408:
    case 409:
    case 423:
    case 429:
    case 460:
      return 'retry';
    default:
      return status >= 500 ? 'retry' : 'stop';
  }
}

/** The seconds of a `Retry-After` header, or null. */
export function retryAfterOf(header) {
  const seconds = Number.parseInt(header ?? '', 10);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 600) : null;
}
