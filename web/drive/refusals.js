// Maps error codes of the service to texts for the driver.

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

/** Errors of a request: the text, and the final event of the upload. */
const BY_ERROR = {
  not_mp4: { text: 'refuse.not_mp4', end: 'refused' },
  unsupported_media_type: { text: 'refuse.not_mp4', end: 'refused' },
  file_too_large: { text: 'refuse.too_large', end: 'refused' },
  video_reused: { text: 'refuse.reused', end: 'refused' },
  report_already_submitted: { text: 'drive.already', end: 'already' },
  report_closed: { text: 'drive.closed', end: 'closed' },
};

/**
 * The message for a refusal: `{key, values, code}`, or `{key: null, text, code}` with the text of the service.
 *
 * `problem` is `data` of an error response, or a reason of a preflight: `{error, code, details, message}`. `limits` is
 * `{maxBytes}`. `DriveTexts.refusal` replaces the value `seconds` by a duration `t`.
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
  // Not a refusal of the video: the service has a message in the driver's language.
  return { key: null, text: problem.message ?? '', values, code: check };
}

/** The final event of an upload for a refusal: `refused`, `already` or `closed`; null if the problem is not final. */
export function terminalEventOf(problem) {
  if (problem.error === 'video_refused') return 'refused';
  return BY_ERROR[problem.error]?.end ?? null;
}

/** The code that is shown for the support. */
export function checkOf(problem) {
  const inside = problem.details?.code;
  if (typeof inside === 'string') return inside;
  return typeof problem.code === 'string' ? problem.code : String(problem.error ?? '');
}

/** Reasons of a preflight have no limits in their details, but a message that contains them. */
function length(problem, code) {
  const { too_short: short, too_long: long } = problem.details?.limit ?? {};
  if (short) return { key: 'refuse.too_short', values: { seconds: short.duration_ms / 1000 }, code };
  if (long) return { key: 'refuse.too_long', values: { seconds: long.max_ms / 1000 }, code };
  return { key: null, text: problem.message ?? '', values: {}, code };
}
