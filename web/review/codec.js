// Detects whether this browser can decode a video. With an unsupported codec it may play the sound with a black
// picture.

/**
 * Before loading: `no` only if `canPlayType` rejects H.265. Other results are ignored, because `canPlayType` is less
 * reliable than the decoder.
 */
export function probe({ kind, isH265 }, canPlayType) {
  if (!isH265) return 'try';
  return canPlayType(kind || 'video/mp4; codecs="hvc1.1.6.L93.B0"') === '' ? 'no' : 'try';
}

const SRC_NOT_SUPPORTED = 4;
const DECODE = 3;

/** After the metadata has been loaded or loading has failed: `fine`, `no-picture` or `failed`. */
export function verdict({ isH265, readyState, videoWidth, error }) {
  if (readyState >= 1 && videoWidth === 0) return 'no-picture';
  if (!error) return 'fine';
  const isDecoder = error.code === DECODE || (error.code === SRC_NOT_SUPPORTED && readyState >= 1);
  // An H.265 file that cannot be opened at all is also reported as "not supported", like an expired link.
  return isDecoder && isH265 ? 'no-picture' : 'failed';
}
