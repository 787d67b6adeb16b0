// How the second of two compared videos is kept in step with the first. Pure.

/** Beyond this, in seconds, a nudge would take too long. */
const JUMP = 0.3;
/** Less than a frame cannot be seen. */
const FINE = 0.03;
const NUDGE = 0.1;
/** Two decoders at 4× would stop on a cheap laptop. */
export const FASTEST = 2;

/** The speed at which both can play. */
export const cappedRate = (rate) => Math.min(rate, FASTEST);

/**
 * What the second video does: `{ seek }` to a time, or `{ rate }`. `shift` seconds lie between the two. Beyond
 * its ends it waits.
 */
export function follow({ lead, other, shift, rate, isPaused, duration }) {
  const wanted = lead + shift;
  const target = Math.min(Math.max(wanted, 0), duration > 0 ? duration : Infinity);
  const drift = target - other;
  if (Math.abs(drift) > JUMP || (isPaused && Math.abs(drift) > FINE)) return { seek: target, waits: target !== wanted };
  if (target !== wanted || isPaused) return { rate: cappedRate(rate), waits: target !== wanted };
  if (Math.abs(drift) <= FINE) return { rate: cappedRate(rate), waits: false };
  const base = Math.min(rate, FASTEST - NUDGE * Math.sign(Math.max(drift, 0)));
  return { rate: base + NUDGE * Math.sign(drift), waits: false };
}

/** The shift as people read it: +2, −1.5. */
export function shiftText(seconds) {
  const rounded = Math.round(seconds * 10) / 10;
  if (rounded === 0) return '0';
  return `${rounded > 0 ? '+' : '−'}${Math.abs(rounded)}`;
}
