// What is known of a video on this phone, and what may be done with it: pure rules.
//
// A recording is a plain object in IndexedDB; its bytes are a file on OPFS (`file: 'opfs'`), in the memory of
// the page (`memory`), or in a file that the driver picked and that could not be copied (`picked`), which has
// to be picked again after a reload.

import { isSamePerson } from './who.js';

export const STATE = {
  /** Pieces are still being written, or the page died while they were. */
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
    /** Who says that they have filmed it: `{name, mobile}`, see `who.js`. */
    filmedBy: null,
    finishedAt: null,
    ...fields,
  };
}

/**
 * What a recording that the page finds at its start is: `live` in another tab, `crashed`, `empty`, `lost`, or as
 * its state says.
 */
export function statusOf(recording, { isHeld, fileSize }) {
  if (isHeld) return 'live';
  // The memory of a page ends with it.
  if (recording.file === 'memory' && fileSize === 0 && recording.state !== STATE.SENT) return 'lost';
  if (recording.state === STATE.RECORDING) return fileSize > 0 ? 'crashed' : 'empty';
  // Browsers evict files of sites that are rarely opened.
  if (recording.file === 'opfs' && fileSize === 0 && recording.state !== STATE.SENT) return 'lost';
  return recording.state;
}

/** A recording after a crash, cut to what is whole. The length is that of the whole part, as far as known. */
export function recovered(recording, intactSize) {
  const share = recording.size > 0 ? Math.min(1, intactSize / recording.size) : 1;
  const durationMs = recording.durationMs === null ? null : Math.floor(recording.durationMs * share);
  return { ...recording, state: STATE.READY, size: intactSize, durationMs, isRecovered: true };
}

/** The latest unsent recording of a report. Those that were refused are of no use any more. */
export function latestUnsent(recordings, refKey) {
  const own = recordings.filter((one) => one.refKey === refKey && isUnsent(one));
  return own.sort((one, other) => (other.recordedAt ?? 0) - (one.recordedAt ?? 0))[0] ?? null;
}

export const isUnsent = ({ state }) =>
  state === STATE.READY || state === STATE.SENDING || state === STATE.RECORDING;

/** Whether its bytes are on the disk of this browser. */
export const isOnDisk = ({ file }) => file === 'opfs';

/** Whether it was filmed by a link: the ids of links are negative. */
export const isFromLink = ({ owner }) => String(owner ?? '').startsWith('-');

/**
 * Whether this is a video of the driver of the page: `owner` is the account or the link, `who` is stated by the
 * driver. Another driver on the same phone neither sends nor deletes it.
 *
 * An account is one person, whatever was stated. A link is whoever opens it; and it may end before its video is
 * sent. So what was filmed by a link, or with another account, belongs to the same person wherever they may film
 * that report (`mayFilm`).
 */
export function belongsTo(recording, { owner, identity = null }, mayFilm = true) {
  if (!recording.owner) return true;
  const isOwner = recording.owner === owner;
  if (isOwner && !isFromLink(recording)) return true;
  if (!recording.filmedBy) return isOwner || (mayFilm && isFromLink(recording));
  return (isOwner || mayFilm) && isSamePerson(recording.filmedBy, identity);
}

/**
 * Recordings that may be deleted without asking: sent a week ago, refused a day ago. Nothing that may still
 * be wanted goes before the service has given its final answer.
 */
export function expired(recordings, now) {
  const age = (one) => now - (one.finishedAt ?? now);
  const day = 86_400_000;
  return recordings.filter(
    (one) =>
      (one.state === STATE.SENT && age(one) > 7 * day) || (one.state === STATE.REFUSED && age(one) > day),
  );
}

/** Fields of the upload that describe a recording. `offset` is the clock's, if it is known now. */
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
 * How many bytes are missing on the phone for a video of `size`, by `navigator.storage.estimate()`. 0 if
 * there is room, or if the browser does not say.
 */
export function missingSpace({ quota, usage } = {}, size) {
  if (!Number.isFinite(quota) || !Number.isFinite(usage)) return 0;
  // Browsers keep some for themselves, and metadata of the page needs some too.
  return Math.max(0, Math.ceil(size + 2 ** 20 - (quota - usage) * 0.98));
}

/** A name for the file that a person finds in the gallery. */
export function filenameOf(plate, time) {
  const date = new Date(time);
  const two = (n) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  const clean = plate.replace(/[^\p{L}\p{N}]+/gu, '') || 'video';
  return `${clean}_${day}_${two(date.getHours())}${two(date.getMinutes())}.mp4`;
}
