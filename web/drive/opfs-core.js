// File operations of the OPFS worker, separate from its messages so that they can be tested.

/**
 * Writes all bytes at `at` and flushes. Returns the new size of the file. On failure the file is truncated to `at`,
 * because a partial chunk would end within an MP4 box.
 */
export function appendTo(handle, at, bytes) {
  try {
    let written = 0;
    while (written < bytes.length) {
      const count = handle.write(bytes.subarray(written), { at: at + written });
      // On a full disk some browsers write nothing instead of failing, and Chromium returns its negative error code as
      // an unsigned number (measured with 156: 4294967288, which is -8).
      if (!(count > 0 && count <= bytes.length - written)) throw quotaError();
      written += count;
    }
    handle.flush();
    return at + written;
  } catch (error) {
    handle.truncate(at);
    throw error;
  }
}

const quotaError = () => Object.assign(new Error('no space'), { name: 'QuotaExceededError' });

/** Removes a file. Returns false if it does not exist. */
export async function removeFrom(directory, name) {
  try {
    await directory.removeEntry(name);
    return true;
  } catch (error) {
    if (error.name === 'NotFoundError') return false;
    throw error;
  }
}
