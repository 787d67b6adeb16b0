// From the codes of the service to the sentences of the page. A driver never reads a code alone.

const BY_CHECK = {
  NOT_MP4: 'refuse.not_mp4',
  FTYP_MISSING: 'refuse.not_mp4',
  QUICKTIME: 'refuse.quicktime',
  SIZE_LIMIT: 'refuse.too_large',
  RECORDING_NOT_FINALISED: 'refuse.not_finished',
  MOOV_MISSING: 'refuse.not_finished',
  NO_SAMPLES: 'refuse.not_finished',
  SAMPLE_COUNT_MISMATCH: 'refuse.not_finished',
  TRUNCATED: 'refuse.truncated',
  BOX_BEYOND_END: 'refuse.truncated',
  SAMPLE_OUTSIDE_FILE: 'refuse.truncated',
  MDAT_MISSING: 'refuse.truncated',
  NO_FRAGMENTS: 'refuse.truncated',
  NO_VIDEO_TRACK: 'refuse.no_picture',
  CODEC_UNSUPPORTED: 'refuse.codec',
  ENCRYPTED: 'refuse.encrypted',
  EXTERNAL_DATA: 'refuse.external',
};

/** Codes of a whole request, with what the page does about them. */
const BY_ERROR = {
  not_mp4: { text: 'refuse.not_mp4', end: 'refused' },
  unsupported_media_type: { text: 'refuse.not_mp4', end: 'refused' },
  file_too_large: { text: 'refuse.too_large', end: 'refused' },
  video_reused: { text: 'refuse.reused', end: 'refused' },
  report_already_submitted: { text: 'drive.already', end: 'already' },
  report_closed: { text: 'drive.closed', end: 'closed' },
};

/**
 * The sentence for a refusal of the service, as a key of the texts with its values.
 *
 * `problem` is `data` of a problem, or a reason of a preflight: `{error, code, details, message}`.
 * `limits` are those of the page: `{maxBytes}`. `seconds` among the values is to be shown as a duration `t`.
 */
export function messageOf(problem, limits) {
  const check = checkOf(problem);
  const values = { mb: Math.floor(limits.maxBytes / 2 ** 20) };
  if (problem.details?.remembered === true) return { key: 'refuse.remembered', values, code: check };
  const known = BY_ERROR[problem.error];
  if (known && problem.error !== 'unsupported_media_type') return { key: known.text, values, code: check };
  if (check === 'DURATION_OUT_OF_RANGE') return length(problem, check);
  if (problem.error === 'video_refused' || BY_CHECK[check]) {
    return { key: BY_CHECK[check] ?? 'refuse.damaged', values, code: check };
  }
  if (known) return { key: known.text, values, code: check };
  // What is no refusal of a video: the service says it in the driver's language.
  return { key: null, text: problem.message ?? '', values, code: check };
}

/** How a refusal ends the sending: refused, already, closed; null if it is none. */
export function terminalEventOf(problem) {
  if (problem.error === 'video_refused') return 'refused';
  return BY_ERROR[problem.error]?.end ?? null;
}

/** The code that stands on the screen for the support. */
export function checkOf(problem) {
  const inside = problem.details?.code;
  if (typeof inside === 'string') return inside;
  return typeof problem.code === 'string' ? problem.code : String(problem.error ?? '');
}

/** The preflight leaves the numbers out of its details; its sentence has them. */
function length(problem, code) {
  const { too_short: short, too_long: long } = problem.details?.limit ?? {};
  if (short) return { key: 'refuse.too_short', values: { seconds: short.duration_ms / 1000 }, code };
  if (long) return { key: 'refuse.too_long', values: { seconds: long.max_ms / 1000 }, code };
  return { key: null, text: problem.message ?? '', values: {}, code };
}
