// Whether this browser shows a video. A codec that it does not know can play as sound with a black picture.

/**
 * Before loading: `no` only for H.265 that the browser itself denies. Other answers are not trusted, because
 * `canPlayType` knows less than the decoder.
 */
export function probe({ kind, isH265 }, canPlayType) {
  if (!isH265) return 'try';
  return canPlayType(kind || 'video/mp4; codecs="hvc1.1.6.L93.B0"') === '' ? 'no' : 'try';
}

const SRC_NOT_SUPPORTED = 4;
const DECODE = 3;

/** After loading: what a video with its metadata, or an error, says about its codec. */
export function verdict({ isH265, readyState, videoWidth, error }) {
  if (readyState >= 1 && videoWidth === 0) return 'no-picture';
  if (!error) return 'fine';
  const isDecoder = error.code === DECODE || (error.code === SRC_NOT_SUPPORTED && readyState >= 1);
  // An H.265 file that cannot be opened at all is also reported as "not supported", like a link that failed.
  return isDecoder && isH265 ? 'no-picture' : 'failed';
}
