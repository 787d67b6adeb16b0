// How long a recording may still go on, so that it always fits the limit of an upload.

const MAX_VIDEO_BITS = 1_500_000;
const MIN_VIDEO_BITS = 400_000;
const SOUND_BITS = 64_000;
/** A walk around a vehicle takes at most about three minutes. */
const WANTED_SECONDS = 180;
/** Boxes around the pictures, and encoders that exceed their rate. */
const OVERHEAD = 1.15;
/** Encoders answer a fast pan with far more than their mean rate. */
const BURST = 2;

/** The rates that let three minutes fit `limit` bytes, if the picture stays legible at them. */
export function rates(limit) {
  const perSecond = (limit * 8) / OVERHEAD / WANTED_SECONDS;
  const video = Math.floor(Math.min(MAX_VIDEO_BITS, Math.max(MIN_VIDEO_BITS, perSecond - SOUND_BITS)));
  return { videoBitsPerSecond: video, audioBitsPerSecond: SOUND_BITS };
}

/** Bytes a second that the encoder is asked for. */
export function nominalRate({ videoBitsPerSecond, audioBitsPerSecond }) {
  return ((videoBitsPerSecond + audioBitsPerSecond) / 8) * OVERHEAD;
}

/**
 * What is left of the limit.
 *
 * `bytes` are those that the recorder has handed over, `sinceChunk` the seconds since it last did: what it
 * holds back counts too, and so does the piece that follows a stop. Chunks of different sizes and a recorder
 * that hands over late therefore never lead beyond the limit.
 */
export function left({ limit, bytes, seconds, sinceChunk, largestChunk, nominal }) {
  const measured = seconds > 3 ? bytes / Math.max(seconds - sinceChunk, 1) : 0;
  const rate = Math.max(nominal, measured);
  const held = sinceChunk * rate * BURST;
  const reserve = Math.max(largestChunk, rate) * BURST + limit / 200;
  const free = limit - bytes - held - reserve;
  return { seconds: Math.max(0, Math.floor(free / rate)), isOver: free <= 0 };
}

/** How many seconds of a recording of this size and length fit the limit; null if its length is unknown. */
export function secondsThatFit(limit, size, durationMs) {
  if (!durationMs || !size) return null;
  return Math.floor((durationMs / 1000) * (limit / size) * 0.97);
}
