// The place, asked for once and before filming: outdoors it is better, and a denial can still be corrected.

/** How long better fixes are waited for. */
const WAIT = 20_000;
/** Good enough to stop waiting, in metres. */
const GOOD = 25;

/** The better of two fixes; either may be null. */
export function better(one, other) {
  if (!one || !other) return one ?? other;
  return other.accuracy < one.accuracy ? other : one;
}

export const isGood = (fix) => fix !== null && fix.accuracy <= GOOD;

/** A fix of the browser in plain numbers, or null where it makes no sense. */
export function fixOf({ coords, timestamp }) {
  const { latitude: lat, longitude: long, accuracy } = coords;
  const isSound = Number.isFinite(lat) && Number.isFinite(long) && Math.abs(lat) <= 90 && Math.abs(long) <= 180;
  return isSound ? { lat, long, accuracy: Number.isFinite(accuracy) ? accuracy : Infinity, at: timestamp } : null;
}

/** A coordinate for the service: no exponent, eight decimals at most. */
export const degrees = (value) => value.toFixed(8).replace(/\.?0+$/, '');

/**
 * The best fix within 20 s. Rejects with `denied`, `unavailable` or `insecure` if there is none.
 * `onBetter` hears each better one.
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
    // Code 1 is a denial; the others pass, and the next fix may come.
    const failed = (error) => {
      if (error.code === 1) end('denied');
    };
    watch = geolocation.watchPosition(found, failed, { enableHighAccuracy: true, maximumAge: 10_000, timeout: wait });
  });
}
