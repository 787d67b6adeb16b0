// When an upload tries again. tus-js-client gives up after four attempts and trusts `navigator.onLine`;
// here it never gives up while the video may still arrive, and never asks `onLine`.

/** Pauses between attempts that achieved nothing, in milliseconds. */
const BACKOFF = [0, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000];

/** Without progress for so long a connection is dead, though the browser has not noticed. */
export const STALL_TIMEOUT = 20_000;
/** Once all bytes of a request are handed over, the service may be storing the video. */
export const RESPONSE_TIMEOUT = 60_000;

/** The pause before the next attempt; `failures` counts those since the last acknowledged byte. */
export function backoff(failures, retryAfter, random = Math.random) {
  const base = BACKOFF[Math.min(failures, BACKOFF.length - 1)];
  // Two thousand phones that lose one antenna must not come back in the same second.
  const spread = base * (0.75 + random() / 2);
  return Math.round(Math.max(spread, (retryAfter ?? 0) * 1000));
}

/** Whether a running request has stalled. */
export function hasStalled({ now, lastProgressAt, isBodySent }) {
  return now - lastProgressAt >= (isBodySent ? RESPONSE_TIMEOUT : STALL_TIMEOUT);
}

/**
 * What to do after an attempt ended with this response. `method` is that of the request, `problem` is the
 * `data` of its JSON, if it had any.
 *
 * - `retry`: ask for the offset and go on, after a pause
 * - `token`: get a new access token first
 * - `look`: the upload has ended; ask the service how (a HEAD has no body)
 * - `restart`: the service does not know the upload any more; create a new one
 * - `stop`: final; the problem says why
 */
export function nextStep({ status, method, problem }) {
  if (!status) return 'retry';
  const isCreation = method === 'POST';
  if (isCreation) {
    if (status === 401) return 'token';
    // A film link or an account that has ended.
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
