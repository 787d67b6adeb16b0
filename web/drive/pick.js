// Turns a picked file into a recording: checks it, and copies it to the disk if there is space.

import { filmLock, holdLock } from './locks.js';
import { examine, HEAD, headOf, isSame, sha256 } from './picked.js';
import { missingSpace, newRecording } from './recordings.js';
import { durationOf } from './ui.js';

/** Text keys of the problems found before the upload. */
const MESSAGES = {
  unreadable: 'drive.unreadable',
  not_mp4: 'refuse.not_mp4',
  quicktime: 'refuse.quicktime',
  too_large: 'refuse.too_large',
  too_short: 'refuse.too_short',
  too_long: 'refuse.too_long',
};

/**
 * Resolves with `{recording, source}`, where `source` is the file to upload, or with `{recording, message}` if the file
 * is refused. `onProgress` gets the copied fraction.
 */
export async function pickVideo(context, file, onProgress) {
  const { texts, limits } = context;
  const durationMs = await durationOf(file);
  const recording = newRecording({
    id: context.newId(),
    source: 'picked',
    file: 'picked',
    refKey: context.report.ref_key,
    plate: context.report.plate,
    typeTitle: context.report.type_title,
    owner: context.owner,
    filmedBy: context.identity,
    filename: file.name || 'video.mp4',
    size: file.size,
    durationMs,
    recordedAt: file.lastModified ?? Date.now(),
    clockOffset: context.clockOffset,
    place: context.place,
  });
  const { problem, fits } = await examine(file, limits, durationMs);
  if (problem) return { recording, message: messageOf(problem, { texts, limits, durationMs, fits }) };
  recording.head = await sha256(await headOf(file, HEAD)).catch(() => null);
  const release = await holdLock(filmLock(recording.id));
  const source = await copyToDisk(context, recording, file, onProgress);
  // If the row cannot be stored, the lock is kept: the next page would remove the copy as an orphan.
  await context.store.put(recording).then(release, () => {});
  return { recording, source };
}

function messageOf(problem, { texts, limits, durationMs, fits }) {
  const mb = Math.floor(limits.maxBytes / 2 ** 20);
  const seconds = problem === 'too_long' ? limits.maxSeconds : (durationMs ?? 0) / 1000;
  const text = texts.get(MESSAGES[problem], { mb, t: texts.duration(seconds) });
  const more = problem === 'too_large' && fits ? texts.get('drive.fits', { t: texts.duration(fits) }) : '';
  return { text, more, code: null };
}

/** Copies the file to OPFS. Without space, or if that fails, the file itself is uploaded. */
async function copyToDisk(context, recording, file, onProgress) {
  if (!context.canStoreFiles) return keepInMemory(context, recording, file);
  const estimate = await navigator.storage.estimate?.().catch(() => ({}));
  if (missingSpace(estimate ?? {}, file.size) > 0) return keepInMemory(context, recording, file);
  const name = `${recording.id}.mp4`;
  try {
    await context.files.copy(name, file, onProgress);
    Object.assign(recording, { file: 'opfs', name });
    return await context.files.open(name);
  } catch {
    await context.files.remove(name).catch(() => {});
    return keepInMemory(context, recording, file);
  }
}

function keepInMemory(context, recording, file) {
  context.memory.set(recording.id, file);
  return file;
}

/** Continues a recording with its file picked again. Returns null if it is another file. */
export async function pickSame(context, recording, file) {
  const head = await headOf(file, HEAD);
  const digest = head && (await sha256(head).catch(() => null));
  if (!isSame(recording, file, digest)) return null;
  context.memory.set(recording.id, file);
  return recording;
}
