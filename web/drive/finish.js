// How a recording has ended, by what of it is on the disk.

/** After these ends the file may stop within a piece, or have no picture yet. */
const CUT = ['quota', 'failed', 'turned'];

/**
 * `{outcome, size}`: `saved`; `empty`, where nothing can be played; `unreadable`, where the phone does not let the
 * page look. The next page then tries again, so its file must stay.
 */
export async function outcomeOf(files, { name, file }, { isSaved, savedBytes, reason }) {
  if (!isSaved) return { outcome: 'empty', size: 0 };
  if (file !== 'opfs' || !CUT.includes(reason)) return { outcome: 'saved', size: savedBytes };
  try {
    const size = await files.repair(name);
    return { outcome: size > 0 ? 'saved' : 'empty', size };
  } catch {
    return { outcome: 'unreadable', size: savedBytes };
  }
}
