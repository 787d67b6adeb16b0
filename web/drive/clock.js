// The offset between the phone's clock and the server's.

/** Milliseconds. The `Date` header has whole seconds, and the time of its creation is not known exactly. */
const UNCERTAINTY = 2000;
/** From this offset in milliseconds the driver is asked to correct the clock. */
export const WRONG_FROM = 120_000;

/** Milliseconds to add to the phone's time; 0 within the uncertainty, null without a valid header. */
export function offsetOf(dateHeader, sentAt, answeredAt) {
  const server = Date.parse(dateHeader ?? '');
  if (Number.isNaN(server) || answeredAt < sentAt) return null;
  const offset = server + 500 - (sentAt + answeredAt) / 2;
  const uncertainty = UNCERTAINTY + (answeredAt - sentAt) / 2;
  return Math.abs(offset) <= uncertainty ? 0 : Math.round(offset);
}

/** The difference between the wall clock and the page's monotonic clock. It changes when the clock is set. */
export const clockBase = (now = Date.now(), steady = performance.now()) => now - steady;

/**
 * The offset at the time of recording. `previous` was stored with the recording and may be older than a correction of
 * the clock. `measured` is the offset measured by this page, or null; it applies if the clock was not set since the
 * recording, that is, if the bases are equal. `base` is undefined if another page has made the recording.
 */
export function offsetAtRecording(previous, measured, base, baseNow = clockBase()) {
  const isSameClock = base !== undefined && Math.abs(baseNow - base) < UNCERTAINTY;
  return measured !== null && isSameClock ? measured : previous;
}

/** Whether the driver has to be warned. */
export const isWrong = (offset) => offset !== null && Math.abs(offset) >= WRONG_FROM;

/** A phone time, corrected by the offset, for `time_sent` and `recorded_at`. */
export function corrected(phoneTime, offset) {
  return new Date(phoneTime + (offset ?? 0)).toISOString();
}
