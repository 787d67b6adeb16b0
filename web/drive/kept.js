// Inspection and cleanup of the recordings stored on the phone.

import { recordOutcome } from './job.js';
import { filmLock, heldLocks, isHeld } from './locks.js';
import { expired, isUnsent, STATE, statusOf } from './recordings.js';
import { displayName } from './who.js';

/**
 * The state of a recording and its file: `{state, file}`. The state is that of `statusOf`, or `unreadable` if the file
 * cannot be read now. An unreadable recording must not be deleted: the next page may be able to read it.
 */
export async function inspectRecording(context, recording) {
  if (await isHeld(filmLock(recording.id), context.locks)) return { state: 'live', file: null };
  try {
    const file = await context.fileOf(recording);
    return { state: statusOf(recording, { isHeld: false, fileSize: file?.size ?? 0 }), file };
  } catch {
    return { state: 'unreadable', file: null };
  }
}

/** Deletes recordings that were sent or refused long ago, and orphaned files. */
export async function cleanUp(context, stored, now = Date.now()) {
  for (const recording of expired(stored, now)) await context.discard(recording);
  if (context.files) await removeOrphans(context).catch(() => {});
}

/**
 * Removes files without a recording, such as the incomplete copy of a killed page. Reads files, locks and recordings in
 * this order: once its lock is free, a file either has its row already or will never get one.
 */
async function removeOrphans({ store, files, locks }) {
  const names = await files.names();
  if (names.length === 0) return;
  const held = await heldLocks(locks);
  const known = new Set((await store.all()).map(({ name }) => name));
  const isOrphan = (name) => !known.has(name) && !held.has(filmLock(name.replace(/\.mp4$/, '')));
  for (const name of names.filter(isOrphan)) await files.remove(name).catch(() => {});
}

/**
 * Marks the unsent recordings of a report that no longer accepts videos as refused. An upload in progress is left to
 * the list page, which asks for its outcome; sessions of film links have no list.
 */
export async function refuseUnsent(context) {
  const all = await context.store.all().catch(() => []);
  const held = await heldLocks(context.locks);
  const isUnsentHere = (one) => one.refKey === context.report.ref_key && isUnsent(one) && context.isOwn(one);
  const isNotSending = (one) => one.state !== STATE.SENDING || context.kind === 'film';
  for (const one of all.filter((one) => isUnsentHere(one) && isNotSending(one) && !held.has(filmLock(one.id)))) {
    await recordOutcome(context, one, { type: 'closed' });
  }
  await cleanUp(context, all);
}

/** A notice that names other drivers with unsent videos on this phone; empty if there are none. */
export function othersNotice({ texts, isOwn }, stored) {
  const others = stored.filter((one) => isUnsent(one) && !isOwn(one) && one.filmedBy);
  const names = [...new Set(others.map(({ filmedBy }) => displayName(filmedBy)))];
  return names.length > 0 ? texts.get('drive.kept_other', { name: names.join(', ') }) : '';
}
