// Recordings on this phone: their states and rules. Pure.
//
// A recording is a plain object in IndexedDB. Its bytes are in an OPFS file (`file: 'opfs'`), in the memory of the page
// (`memory`), or in a picked file that could not be copied (`picked`) and has to be picked again after a reload.

import { isSamePerson } from './who.js';

export const STATE = {
  /** Being written, or the page was killed meanwhile. */
  RECORDING: 'recording',
  READY: 'ready',
  SENDING: 'sending',
  REFUSED: 'refused',
  SENT: 'sent',
};

export function newRecording(fields) {
  return {
    state: STATE.READY,
    source: 'recorded',
    file: 'opfs',
    size: 0,
    durationMs: null,
    recordedAt: null,
    clockOffset: null,
    place: null,
    uploadUrl: null,
    acknowledged: 0,
    sha256: null,
    head: null,
    refusal: null,
    /** The driver as stated by themselves: `{name, mobile}`, see `who.js`. */
    filmedBy: null,
    finishedAt: null,
    ...fields,
  };
}

/**
 * The status of a stored recording at the start of a page: `live` (being recorded in another tab), `crashed`, `empty`,
 * `lost`, or its stored state.
 */
export function statusOf(recording, { isHeld, fileSize }) {
  if (isHeld) return 'live';
  // The page that had the file in memory was closed.
  if (recording.file === 'memory' && fileSize === 0 && recording.state !== STATE.SENT) return 'lost';
  if (recording.state === STATE.RECORDING) return fileSize > 0 ? 'crashed' : 'empty';
  // Browsers evict the files of rarely used sites.
  if (recording.file === 'opfs' && fileSize === 0 && recording.state !== STATE.SENT) return 'lost';
  return recording.state;
}

/** A recording after its repair. The duration is reduced in proportion to the size. */
export function recovered(recording, intactSize) {
  const share = recording.size > 0 ? Math.min(1, intactSize / recording.size) : 1;
  const durationMs = recording.durationMs === null ? null : Math.floor(recording.durationMs * share);
  return { ...recording, state: STATE.READY, size: intactSize, durationMs, isRecovered: true };
}

/** The latest unsent recording of a report, or null. */
export function latestUnsent(recordings, refKey) {
  const own = recordings.filter((one) => one.refKey === refKey && isUnsent(one));
  return own.sort((one, other) => (other.recordedAt ?? 0) - (one.recordedAt ?? 0))[0] ?? null;
}

export const isUnsent = ({ state }) =>
  state === STATE.READY || state === STATE.SENDING || state === STATE.RECORDING;

/** Whether its file is in OPFS. */
export const isOnDisk = ({ file }) => file === 'opfs';

/** Whether it was recorded in the session of a film link, whose owner id is negative. */
export const isFromLink = ({ owner }) => String(owner ?? '').startsWith('-');

/**
 * Whether a recording belongs to the driver of the page, who alone may send or delete it. `owner` is the account or
 * film link of the session, `identity` the name and phone stated by the driver.
 *
 * An account is one person. A film link can be opened by several people, and may expire before its video is sent.
 * A recording of a link or of another account therefore belongs to a driver with the same stated identity who may film
 * the report (`mayFilm`).
 */
export function belongsTo(recording, { owner, identity = null }, mayFilm = true) {
  if (!recording.owner) return true;
  const isOwner = recording.owner === owner;
  if (isOwner && !isFromLink(recording)) return true;
  if (!recording.filmedBy) return isOwner || (mayFilm && isFromLink(recording));
  return (isOwner || mayFilm) && isSamePerson(recording.filmedBy, identity);
}

/**
 * Recordings to delete: sent a week ago or refused a day ago. Recordings without a final response of the service never
 * expire.
 */
export function expired(recordings, now) {
  const age = (one) => now - (one.finishedAt ?? now);
  const day = 86_400_000;
  return recordings.filter(
    (one) =>
      (one.state === STATE.SENT && age(one) > 7 * day) || (one.state === STATE.REFUSED && age(one) > day),
  );
}

/** The metadata fields of an upload. `offset` is the current clock offset, or null. */
export function uploadMetadata(recording, { now, offset, corrected, degrees }) {
  const shift = recording.clockOffset ?? offset ?? 0;
  const details = {
    ref_key: recording.refKey,
    time_sent: corrected(now, offset),
    filename: recording.filename,
    filetype: 'video/mp4',
  };
  if (recording.place) {
    details.lat = degrees(recording.place.lat);
    details.long = degrees(recording.place.long);
  }
  if (recording.source === 'recorded' && recording.recordedAt) {
    details.recorded_at = corrected(recording.recordedAt, shift);
  }
  if (recording.sha256) details.sha256 = recording.sha256;
  return details;
}

/**
 * The missing storage in bytes for a video of `size`, according to `navigator.storage.estimate()`; 0 if there is enough
 * or the browser gives no estimate.
 */
export function missingSpace({ quota, usage } = {}, size) {
  if (!Number.isFinite(quota) || !Number.isFinite(usage)) return 0;
  // Reserve for the browser and for the page's metadata.
  return Math.max(0, Math.ceil(size + 2 ** 20 - (quota - usage) * 0.98));
}

/** The file name shown in the phone's gallery. */
export function filenameOf(plate, time) {
  const date = new Date(time);
  const two = (n) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  const clean = plate.replace(/[^\p{L}\p{N}]+/gu, '') || 'video';
  return `${clean}_${day}_${two(date.getHours())}${two(date.getMinutes())}.mp4`;
}
