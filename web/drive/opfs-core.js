// What the worker does with a file, apart from messages, so that it can be tested.

/**
 * Writes all bytes at `at` and flushes. Returns the size of the file that is safe. If it fails, the file ends
 * at `at`: a part of a piece would make a video that breaks off in the middle of a box.
 */
export function appendTo(handle, at, bytes) {
  try {
    let written = 0;
    while (written < bytes.length) {
      const count = handle.write(bytes.subarray(written), { at: at + written });
      // Without room some browsers write nothing instead of failing, and Chromium answers its negative error as
      // an unsigned number (measured with 156: 4294967288, which is -8).
      if (!(count > 0 && count <= bytes.length - written)) throw noRoom();
      written += count;
    }
    handle.flush();
    return at + written;
  } catch (error) {
    handle.truncate(at);
    throw error;
  }
}

const noRoom = () => Object.assign(new Error('no room'), { name: 'QuotaExceededError' });

/** Removes a file; one that is gone already is no error. */
export async function removeFrom(directory, name) {
  try {
    await directory.removeEntry(name);
    return true;
  } catch (error) {
    if (error.name === 'NotFoundError') return false;
    throw error;
  }
}
