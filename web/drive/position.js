// Determines the position before recording: outdoors it is more accurate, and a denial can still be changed.

/** Milliseconds to wait for a better fix. */
const WAIT = 20_000;
/** Accuracy in metres at which waiting stops. */
const GOOD = 25;

/** The better of two fixes; either may be null. */
export function better(one, other) {
  if (!one || !other) return one ?? other;
  return other.accuracy < one.accuracy ? other : one;
}

export const isGood = (fix) => fix !== null && fix.accuracy <= GOOD;

/** Converts a `GeolocationPosition`; null if it is invalid. */
export function fixOf({ coords, timestamp }) {
  const { latitude: lat, longitude: long, accuracy } = coords;
  const isSound = Number.isFinite(lat) && Number.isFinite(long) && Math.abs(lat) <= 90 && Math.abs(long) <= 180;
  return isSound ? { lat, long, accuracy: Number.isFinite(accuracy) ? accuracy : Infinity, at: timestamp } : null;
}

/** Formats a coordinate for the service: no exponent, at most eight decimals. */
export const degrees = (value) => value.toFixed(8).replace(/\.?0+$/, '');

/**
 * The best fix within 20 s. Rejects with `denied`, `unavailable` or `insecure` if there is none.
 * `onBetter` gets each improvement.
 */
export function locate(geolocation, { wait = WAIT, onBetter = () => {}, timer = globalThis } = {}) {
  if (!geolocation) return Promise.reject(new Error('unavailable'));
  return new Promise((resolve, reject) => {
    let best = null;
    let watch = null;
    const end = (error) => {
      timer.clearTimeout(timeout);
      if (watch !== null) geolocation.clearWatch(watch);
      if (best) resolve(best);
      else reject(new Error(error));
    };
    const timeout = timer.setTimeout(() => end('unavailable'), wait);
    const found = (position) => {
      const next = better(best, fixOf(position));
      if (next !== best) onBetter(next);
      best = next;
      if (isGood(best)) end(null);
    };
    // Code 1 is a denial; the other errors are temporary.
    const failed = (error) => {
      if (error.code === 1) end('denied');
    };
    watch = geolocation.watchPosition(found, failed, { enableHighAccuracy: true, maximumAge: 10_000, timeout: wait });
  });
}
