// The outcome of a recording, by the content of its file.

/** Stop reasons after which the last fragment may be incomplete, or the file may have no picture. */
const MAY_BE_TRUNCATED = ['quota', 'failed', 'turned'];

/**
 * `{outcome, size}`: `saved`, `empty` (nothing can be played), or `unreadable` (the file cannot be read now; the next
 * page tries again, so it must be kept).
 */
export async function outcomeOf(files, { name, file }, { isSaved, savedBytes, reason }) {
  if (!isSaved) return { outcome: 'empty', size: 0 };
  if (file !== 'opfs' || !MAY_BE_TRUNCATED.includes(reason)) return { outcome: 'saved', size: savedBytes };
  try {
    const size = await files.repair(name);
    return { outcome: size > 0 ? 'saved' : 'empty', size };
  } catch {
    return { outcome: 'unreadable', size: savedBytes };
  }
}
