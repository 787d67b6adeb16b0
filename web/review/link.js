// Decides when the presigned link of a video has to be renewed. Pure.

import { isNetworkRefusal } from './api.js';

/** Milliseconds before its expiry in which a link is not used for new requests. */
export const MARGIN = 20_000;

/** Backoff in seconds while the video storage does not respond. */
const BACKOFF = [5, 10, 20, 30];

/** The current time of both clocks of the browser. The monotonic clock may stop while the computer sleeps. */
export const timestamp = () => ({ steady: performance.now(), wall: Date.now() });

/** Milliseconds since a timestamp, including sleep. Never negative, even if the wall clock was set back. */
export function elapsedSince({ steady, wall }, { steady: now, wall: wallNow } = timestamp()) {
  return Math.max(now - steady, wallNow - wall);
}

/** Returns a clock with the time of the server, which was `serverNow` at the timestamp `at`. */
export function serverClock(serverNow, at = timestamp()) {
  return () => serverNow + elapsedSince(at);
}

/** Whether `[start, end]` seconds are inside one of the `[start, end]` ranges. */
export function isBuffered(ranges, start, end = start) {
  return ranges.some(([from, to]) => from <= start + 0.05 && end <= to + 0.05);
}

/** Converts a `TimeRanges` to an array. */
export function rangesOf(timeRanges) {
  return Array.from({ length: timeRanges.length }, (_, index) => [timeRanges.start(index), timeRanges.end(index)]);
}

/** Whether a new link is needed to play from `from` to `to` seconds. */
export function needsLink({ url, expiresAt, now, ranges, from, to = from }) {
  if (!url) return true;
  return expiresAt - now < MARGIN && !isBuffered(ranges, from, to);
}

/** The first failure renews the link at once, further ones after a backoff. */
export function retryAfterFailure(failures) {
  if (failures <= 1) return { action: 'renew', seconds: 0 };
  return { action: 'wait', seconds: BACKOFF[Math.min(failures - 2, BACKOFF.length - 1)] };
}

/** The outcome of a request for a new link: `fresh`, `unavailable`, `signed-out` or `gone`. */
export function linkOutcome(status, data) {
  if (status === 200) return 'fresh';
  if (status === 403 && isNetworkRefusal(data)) return 'unavailable';
  if (status === 401 || status === 403) return 'signed-out';
  return status === 404 || status === 410 ? 'gone' : 'unavailable';
}
