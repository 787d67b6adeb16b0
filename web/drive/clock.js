// The phone's clock compared with that of the service.

/** `Date` has whole seconds and is made somewhere between the request and its answer. */
const UNCERTAIN = 2000;
/** From here on the driver is asked to correct the clock. */
export const WRONG_FROM = 120_000;

/** Milliseconds to add to the phone's time, or null if the header says nothing. */
export function offsetOf(dateHeader, sentAt, answeredAt) {
  const server = Date.parse(dateHeader ?? '');
  if (Number.isNaN(server) || answeredAt < sentAt) return null;
  const offset = server + 500 - (sentAt + answeredAt) / 2;
  const uncertain = UNCERTAIN + (answeredAt - sentAt) / 2;
  return Math.abs(offset) <= uncertain ? 0 : Math.round(offset);
}

/** What the phone's clock is ahead of the steady one of the page. It jumps when the clock is set. */
export const clockBase = (now = Date.now(), steady = performance.now()) => now - steady;

/**
 * The offset at the time of filming. `known` is the one that was known then, perhaps from a time before the clock
 * was corrected. `measured` is the one of this page, if it has heard the service: it counts if the clock was not
 * set since the filming, so if the bases are equal. `base` is undefined for what another page has filmed.
 */
export function offsetWhileFilming(known, measured, base, baseNow = clockBase()) {
  const isSameClock = base !== undefined && Math.abs(baseNow - base) < UNCERTAIN;
  return measured !== null && isSameClock ? measured : known;
}

/** Whether the driver should be told. */
export const isWrong = (offset) => offset !== null && Math.abs(offset) >= WRONG_FROM;

/** A time of the phone as the service counts it, for `time_sent` and `recorded_at`. */
export function corrected(phoneTime, offset) {
  return new Date(phoneTime + (offset ?? 0)).toISOString();
}
