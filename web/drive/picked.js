// Checks of videos picked from the phone.
//
// Phones revoke the permission to read a picked file, at the latest when the page is closed, and iPhones convert it
// again for each pick. It is therefore copied first, if there is space, and the copy is used from then on.

import { kindOf } from './boxes.js';
import { secondsThatFit } from './budget.js';

/** Bytes that are compared when a file is picked again. */
export const HEAD = 65536;

/** The first bytes of a file, or null if it can no longer be read. */
export async function headOf(file, length = HEAD) {
  try {
    return new Uint8Array(await file.slice(0, Math.min(length, file.size)).arrayBuffer());
  } catch {
    return null;
  }
}

/**
 * Whether the file can still be read. Checked before each attempt, because a failed read looks like a network error.
 */
export async function isReadable(file) {
  const bytes = await headOf(file, 1);
  return bytes !== null && (file.size === 0 || bytes.length === 1);
}

/**
 * Checks a file before the upload: `{problem, kind, fits}`. `fits` is the number of seconds within the size limit.
 *
 * `problem` is null, `unreadable`, `not_mp4`, `quicktime`, `too_large`, `too_short` or `too_long`. QuickTime movies are
 * refused only if the service does not accept them.
 */
export async function examine(file, { maxBytes, minSeconds, maxSeconds, takesQuicktime }, durationMs = null) {
  const head = await headOf(file, 4096);
  if (head === null) return { problem: 'unreadable', kind: null, fits: null };
  const kind = kindOf(head);
  const fits = secondsThatFit(maxBytes, file.size, durationMs);
  if (kind === 'webm' || kind === 'other') return { problem: 'not_mp4', kind, fits };
  if (kind === 'quicktime' && !takesQuicktime) return { problem: 'quicktime', kind, fits };
  if (file.size > maxBytes) return { problem: 'too_large', kind, fits };
  if (durationMs !== null && durationMs < minSeconds * 1000) return { problem: 'too_short', kind, fits };
  if (durationMs !== null && durationMs > maxSeconds * 1000) return { problem: 'too_long', kind, fits };
  return { problem: null, kind, fits };
}

/** Whether a file is that of the recording: same size and same first 64 KiB. */
export function isSame(recording, file, headDigest) {
  return recording.size === file.size && recording.head !== null && recording.head === headDigest;
}

/** The SHA-256 as hexadecimal, or null without `crypto.subtle` (plain http). */
export async function sha256(bytes, crypto = globalThis.crypto) {
  if (!crypto?.subtle) return null;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
