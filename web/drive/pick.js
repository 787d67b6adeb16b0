// A picked file becomes a recording: examined, copied where there is room.

import { filmLock, holdLock } from './locks.js';
import { HEAD, examine, headOf, isSame, sha256 } from './picked.js';
import { missingSpace, newRecording } from './recordings.js';
import { durationOf } from './ui.js';

/** The sentences for what is known before a byte is sent. */
const SENTENCES = {
  unreadable: 'drive.unreadable',
  not_mp4: 'refuse.not_mp4',
  quicktime: 'refuse.quicktime',
  too_large: 'refuse.too_large',
  too_short: 'refuse.too_short',
  too_long: 'refuse.too_long',
};

/**
 * Resolves with `{recording, source}`, where `source` is what is to be sent, or with a `sentence` that says why
 * not. `onPart` hears the share that is copied.
 */
export async function pickVideo(context, file, isChosen, onProgress) {
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
  if (problem) return { recording, message: messageOf(problem, { texts, limits, durationMs, fits, isChosen }) };
  recording.head = await sha256(await headOf(file, HEAD)).catch(() => null);
  const release = await holdLock(filmLock(recording.id));
  const source = await copied(context, recording, file, onProgress);
  // A copy without a row in the database would be removed by the next page, so its lock stays with this one.
  await context.store.put(recording).then(release, () => {});
  return { recording, source };
}

function messageOf(problem, { texts, limits, durationMs, fits }) {
  const mb = Math.floor(limits.maxBytes / 2 ** 20);
  const seconds = problem === 'too_long' ? limits.maxSeconds : (durationMs ?? 0) / 1000;
  const text = texts.get(SENTENCES[problem], { mb, t: texts.duration(seconds) });
  const more = problem === 'too_large' && fits ? texts.get('drive.fits', { t: texts.duration(fits) }) : '';
  return { text, more, code: null };
}

/** Copies to the disk of the browser; without room the file itself is sent. */
async function copied(context, recording, file, onProgress) {
  if (!context.canStoreFiles) return kept(context, recording, file);
  const estimate = await navigator.storage.estimate?.().catch(() => ({}));
  if (missingSpace(estimate ?? {}, file.size) > 0) return kept(context, recording, file);
  const name = `${recording.id}.mp4`;
  try {
    await context.files.copy(name, file, onProgress);
    Object.assign(recording, { file: 'opfs', name });
    return await context.files.open(name);
  } catch {
    await context.files.remove(name).catch(() => {});
    return kept(context, recording, file);
  }
}

function kept(context, recording, file) {
  context.memory.set(recording.id, file);
  return file;
}

/** The recording, if the file is the one whose upload has begun; null for another one. */
export async function pickSame(context, recording, file) {
  const head = await headOf(file, HEAD);
  const digest = head && (await sha256(head).catch(() => null));
  if (!isSame(recording, file, digest)) return null;
  context.memory.set(recording.id, file);
  return recording;
}
