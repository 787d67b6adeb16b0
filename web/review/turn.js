// The picture turned by quarters, and speeds. Pure.

export const SPEEDS = [1, 1.5, 2, 4];

export const nextRotation = (turn) => (turn + 90) % 360;

export const nextSpeed = (speed) => SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length];

/** The speed as the buttons show it: 1,5×. */
export function speedText(speed, language) {
  const text = String(speed);
  return language === 'en' ? text : text.replace('.', ',');
}

/** How much a turned picture grows or shrinks, so that it fits the box that held it. */
export function rotationScale({ box: [width, height], picture: [across, up], turn }) {
  if (turn % 180 === 0 || !across || !up || !width || !height) return 1;
  const fit = Math.min(width / across, height / up);
  return Math.min(width / (up * fit), height / (across * fit));
}

/** Seconds that were really watched between two readings of a playing video: a jump is none. */
export function watchedBetween(before, after, rate) {
  const step = after - before;
  return step > 0 && step <= rate * 1.5 ? step : 0;
}

/** A few seconds, or a half of a video that is shorter. */
export function isWatched(seconds, duration) {
  return seconds >= Math.min(5, duration > 0 ? duration / 2 : 5);
}
