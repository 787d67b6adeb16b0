// When the link of a video is renewed. Pure: the player asks, and does what it is told.

import { isNetworkRefusal } from './api.js';

/** A link is not used for a new request in the last seconds of its life. */
export const MARGIN = 20_000;

/** Pauses between tries while the store does not answer, in seconds. */
const PAUSES = [5, 10, 20, 30];

/** A moment by the two clocks of a browser: the steady one stands still while the computer sleeps. */
export const moment = () => ({ steady: performance.now(), wall: Date.now() });

/** Milliseconds since a moment, sleep included. A wall clock that is set back does not turn the time back. */
export function elapsedSince({ steady, wall }, { steady: now, wall: wallNow } = moment()) {
  return Math.max(now - steady, wallNow - wall);
}

/** The time of the server, whatever the clock of this computer says; `serverNow` was its time `at` a moment. */
export function serverClock(serverNow, at = moment()) {
  return () => serverNow + elapsedSince(at);
}

/** Whether `[start, end]` seconds are inside one of the `[start, end]` ranges. */
export function isBuffered(ranges, start, end = start) {
  return ranges.some(([from, to]) => from <= start + 0.05 && end <= to + 0.05);
}

/** The ranges of a `TimeRanges`. */
export function rangesOf(timeRanges) {
  return Array.from({ length: timeRanges.length }, (_, index) => [timeRanges.start(index), timeRanges.end(index)]);
}

/** Seconds that the ranges cover; those of `played` do not overlap. */
export function covered(ranges) {
  return ranges.reduce((sum, [from, to]) => sum + to - from, 0);
}

/** Whether a fresh link is needed before the bytes from `from` to `to` seconds are read. */
export function needsLink({ url, expiresAt, now, ranges, from, to = from }) {
  if (!url) return true;
  return expiresAt - now < MARGIN && !isBuffered(ranges, from, to);
}

/** What happens after a failure: a new link at once the first time, later only after a pause. */
export function retryAfterFailure(failures) {
  if (failures <= 1) return { action: 'renew', seconds: 0 };
  return { action: 'wait', seconds: PAUSES[Math.min(failures - 2, PAUSES.length - 1)] };
}

/** What the answer to a request for a link means. */
export function linkOutcome(status, data) {
  if (status === 200) return 'fresh';
  if (status === 403 && isNetworkRefusal(data)) return 'away';
  if (status === 401 || status === 403) return 'signed-out';
  return status === 404 || status === 410 ? 'gone' : 'away';
}
