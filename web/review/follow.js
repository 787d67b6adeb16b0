// Synchronises the second of two compared videos with the first. Pure.

/** Drift in seconds above which the video seeks: changing its rate would take too long. */
const SEEK_THRESHOLD = 0.3;
/** Drift in seconds that is ignored: less than a frame. */
const TOLERANCE = 0.03;
/** Change of the playback rate that corrects a small drift. */
const NUDGE = 0.1;
/** Two decoders at 4× stall on a cheap laptop. */
export const MAX_RATE = 2;

/** The highest rate up to `rate` at which both videos can play. */
export const cappedRate = (rate) => Math.min(rate, MAX_RATE);

/**
 * The correction for the second video: `{ seek }` to a time, or `{ rate }`. Its target is `lead + shift` seconds;
 * `isOutside` is set if the target is before its start or after its end, where it pauses.
 */
export function follow({ lead, other, shift, rate, isPaused, duration }) {
  const wanted = lead + shift;
  const target = Math.min(Math.max(wanted, 0), duration > 0 ? duration : Infinity);
  const drift = target - other;
  if (Math.abs(drift) > SEEK_THRESHOLD || (isPaused && Math.abs(drift) > TOLERANCE)) return { seek: target, isOutside: target !== wanted };
  if (target !== wanted || isPaused) return { rate: cappedRate(rate), isOutside: target !== wanted };
  if (Math.abs(drift) <= TOLERANCE) return { rate: cappedRate(rate), isOutside: false };
  const base = Math.min(rate, MAX_RATE - NUDGE * Math.sign(Math.max(drift, 0)));
  return { rate: base + NUDGE * Math.sign(drift), isOutside: false };
}

/** Formats a shift: +2, −1.5. */
export function shiftText(seconds) {
  const rounded = Math.round(seconds * 10) / 10;
  if (rounded === 0) return '0';
  return `${rounded > 0 ? '+' : '−'}${Math.abs(rounded)}`;
}
