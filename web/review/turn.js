// Rotation of the picture, playback rates and watched time. Pure.

export const SPEEDS = [1, 1.5, 2, 4];

export const nextRotation = (rotation) => (rotation + 90) % 360;

export const nextSpeed = (speed) => SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length];

/** Formats a playback rate: 1,5. */
export function speedText(speed, language) {
  const text = String(speed);
  return language === 'en' ? text : text.replace('.', ',');
}

/** The scale at which a rotated picture fits its box. */
export function rotationScale({ box: [width, height], picture: [across, up], rotation }) {
  if (rotation % 180 === 0 || !across || !up || !width || !height) return 1;
  const fit = Math.min(width / across, height / up);
  return Math.min(width / (up * fit), height / (across * fit));
}

/** Seconds watched between two `timeupdate` events; 0 after a seek. */
export function watchedBetween(before, after, rate) {
  const step = after - before;
  return step > 0 && step <= rate * 1.5 ? step : 0;
}

/** Whether at least 5 seconds, or half of a shorter video, were watched. */
export function isWatched(seconds, duration) {
  return seconds >= Math.min(5, duration > 0 ? duration / 2 : 5);
}
