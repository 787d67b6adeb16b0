// What the phone still keeps: the files of recordings, and those that nobody needs any more.

import { ended } from './job.js';
import { filmLock, heldLocks, isHeld } from './locks.js';
import { forgettable, found, isUnsent, STATE } from './recordings.js';
import { shown } from './who.js';

/**
 * A recording and its file: `{state, file}`. The state is that of `found`, or `unreadable` if the phone does not
 * let the page read it now. What cannot be read is not lost: it must not be deleted.
 */
export async function keptOf(context, recording) {
  if (await isHeld(filmLock(recording.id), context.locks)) return { state: 'live', file: null };
  try {
    const file = await context.fileOf(recording);
    return { state: found(recording, { isHeld: false, fileSize: file?.size ?? 0 }), file };
  } catch {
    return { state: 'unreadable', file: null };
  }
}

/** Forgets what was sent or refused long ago, and removes files that belong to no recording. */
export async function tidy(context, stored, now = Date.now()) {
  for (const recording of forgettable(stored, now)) await context.forget(recording);
  if (context.files) await sweep(context).catch(() => {});
}

/**
 * Removes files without a recording: a page that is killed while it copies a video leaves one behind. Files, locks
 * and recordings are read in this order: a file whose lock is free by then has been recorded, or never will be.
 */
async function sweep({ store, files, locks }) {
  const names = await files.names();
  if (names.length === 0) return;
  const held = await heldLocks(locks);
  const known = new Set((await store.all()).map(({ name }) => name));
  const isLeft = (name) => !known.has(name) && !held.has(filmLock(name.replace(/\.mp4$/, '')));
  for (const name of names.filter(isLeft)) await files.remove(name).catch(() => {});
}

/**
 * The report of the page waits for no video any more, so what was filmed for it is not to be sent. How a sending has
 * ended is asked by the list; a link has none.
 */
export async function settleClosed(context) {
  const all = await context.store.all().catch(() => []);
  const held = await heldLocks(context.locks);
  const isMeant = (one) => one.refKey === context.report.ref_key && isUnsent(one) && context.isOwn(one);
  const isOver = (one) => one.state !== STATE.SENDING || context.kind === 'film';
  for (const one of all.filter((one) => isMeant(one) && isOver(one) && !held.has(filmLock(one.id)))) {
    await ended(context, one, { type: 'closed' });
  }
  await tidy(context, all);
}

/** Says whose videos the phone keeps besides those of this driver; empty if there are none. */
export function othersSentence({ texts, isOwn }, stored) {
  const others = stored.filter((one) => isUnsent(one) && !isOwn(one) && one.filmedBy);
  const names = [...new Set(others.map(({ filmedBy }) => shown(filmedBy)))];
  return names.length > 0 ? texts.get('drive.kept_other', { name: names.join(', ') }) : '';
}
