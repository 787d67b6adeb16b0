// The preferred formats of MediaRecorder.
//
// `avc3` repeats the parameter sets in the stream, so a recording can be played after the phone was rotated. With
// `avc1` Chromium keeps only the first set, and players stop at the rotation.

const VIDEO = {
  // Baseline and main profile at level 3.1, which is 1280×720 at 30 frames a second.
  avc3: ['avc3.42E01F', 'avc3.4D401F', 'avc3'],
  avc1: ['avc1.42E01F', 'avc1.4D401F', 'avc1'],
};
const SOUND = { aac: ['mp4a.40.2'], opus: ['opus'] };
const ORDER = [
  ['avc3', 'aac'],
  ['avc3', 'opus'],
  ['avc1', 'aac'],
  ['avc1', 'opus'],
];

/** All candidate MIME types, best first. `withSound` is false without a microphone. */
export function candidates(withSound) {
  const found = [];
  for (const [video, sound] of ORDER) {
    for (const picture of VIDEO[video]) {
      if (withSound) {
        for (const codec of SOUND[sound]) {
          found.push({ family: video, sound, type: `video/mp4;codecs="${picture},${codec}"` });
        }
      } else if (sound === 'aac') {
        found.push({ family: video, sound: null, type: `video/mp4;codecs="${picture}"` });
      }
    }
  }
  return found;
}

/**
 * The format to record, or null if the browser records no MP4.
 *
 * `locksOrientation` is set if rotating the phone would damage the recording. A bare `video/mp4` is not used in
 * Chromium, which would record VP9 and Opus.
 */
export function chooseFormat(isSupported, { isChromium, withSound }) {
  for (const candidate of candidates(withSound)) {
    if (isSupported(candidate.type)) {
      return { ...candidate, locksOrientation: isChromium && candidate.family === 'avc1' };
    }
  }
  if (!isChromium && isSupported('video/mp4')) {
    return { family: 'avc1', sound: withSound ? 'aac' : null, type: 'video/mp4', locksOrientation: false };
  }
  return null;
}
