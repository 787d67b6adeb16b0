// Computes how long a recording may continue within the size limit of an upload.

const MAX_VIDEO_BITS = 1_500_000;
const MIN_VIDEO_BITS = 400_000;
const SOUND_BITS = 64_000;
/** The rates are chosen for this length: a walk around a vehicle takes at most about three minutes. */
const TARGET_SECONDS = 180;
/** Container overhead, and encoders that exceed their rate. */
const OVERHEAD = 1.15;
/** During a fast pan encoders produce far more than their mean rate. */
const BURST = 2;

/** Bit rates at which `TARGET_SECONDS` fit into `limit` bytes, but not below the minimum for a legible picture. */
export function rates(limit) {
  const perSecond = (limit * 8) / OVERHEAD / TARGET_SECONDS;
  const video = Math.floor(Math.min(MAX_VIDEO_BITS, Math.max(MIN_VIDEO_BITS, perSecond - SOUND_BITS)));
  return { videoBitsPerSecond: video, audioBitsPerSecond: SOUND_BITS };
}

/** The requested rate in bytes per second. */
export function nominalRate({ videoBitsPerSecond, audioBitsPerSecond }) {
  return ((videoBitsPerSecond + audioBitsPerSecond) / 8) * OVERHEAD;
}

/**
 * The remaining time within the limit, and whether it is used up.
 *
 * `bytes` is the total size of the chunks delivered so far, `sinceChunk` the seconds since the last chunk. The estimate
 * includes data that the recorder still buffers and the chunk that follows a stop, so that large or late chunks do not
 * exceed the limit.
 */
export function remainingBudget({ limit, bytes, seconds, sinceChunk, largestChunk, nominal }) {
  const measured = seconds > 3 ? bytes / Math.max(seconds - sinceChunk, 1) : 0;
  const rate = Math.max(nominal, measured);
  const buffered = sinceChunk * rate * BURST;
  const reserve = Math.max(largestChunk, rate) * BURST + limit / 200;
  const free = limit - bytes - buffered - reserve;
  return { seconds: Math.max(0, Math.floor(free / rate)), isOver: free <= 0 };
}

/** The seconds that fit the limit at the rate of this recording; null if its length is unknown. */
export function secondsThatFit(limit, size, durationMs) {
  if (!durationMs || !size) return null;
  return Math.floor((durationMs / 1000) * (limit / size) * 0.97);
}
