// Videos that the driver picks from the phone.
//
// Phones take the permission to read a picked file away, at the latest with the page; iPhones convert it anew
// each time. So it is copied first, where there is room, and everything else works on the copy.

import { kindOf } from './boxes.js';
import { secondsThatFit } from './budget.js';

/** What is compared of a file that is picked a second time. */
export const HEAD = 65536;

/** The first bytes of a file, or null if the phone does not let us read it any more. */
export async function headOf(file, length = HEAD) {
  try {
    return new Uint8Array(await file.slice(0, Math.min(length, file.size)).arrayBuffer());
  } catch {
    return null;
  }
}

/** Whether the file can still be read: one byte, before each attempt. A failing read looks like no network. */
export async function isReadable(file) {
  const bytes = await headOf(file, 1);
  return bytes !== null && (file.size === 0 || bytes.length === 1);
}

/**
 * What can be said of a file before any byte is sent: `{problem, kind, fits}`.
 *
 * `problem` is null, `unreadable`, `not_mp4`, `too_large`, `too_short` or `too_long`. QuickTime movies are sent
 * as they are; the service says whether it takes them.
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

/** Whether a file is the one whose upload has begun: the same size, the same first 64 KiB. */
export function isSame(recording, file, headDigest) {
  return recording.size === file.size && recording.head !== null && recording.head === headDigest;
}

/** The digest of bytes as hexadecimal, or null without `crypto.subtle` (plain http). */
export async function sha256(bytes, crypto = globalThis.crypto) {
  if (!crypto?.subtle) return null;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
