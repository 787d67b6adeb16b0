// Reads the top-level boxes of an MP4, to find `moov` for the preflight and the last complete fragment after a crash.
// `readAt(position, length)` resolves with a Uint8Array, which is shorter at the end of the file.

/** More than a recording of ten minutes with one fragment per second has. */
const MAX_BOXES = 4000;

/** The top-level boxes, at most `MAX_BOXES`; stops at the first invalid header. */
export async function topLevel(readAt, size) {
  const boxes = [];
  let at = 0;
  while (at + 8 <= size && boxes.length < MAX_BOXES) {
    const head = await readAt(at, 16);
    const box = header(head, at, size);
    if (!box) break;
    boxes.push(box);
    at = box.end;
  }
  return boxes;
}

function header(bytes, at, size) {
  if (bytes.length < 8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = String.fromCharCode(...bytes.subarray(4, 8));
  if (!/^[\x20-\x7e\xa9]{4}$/.test(kind)) return null;
  let length = view.getUint32(0);
  if (length === 1) {
    if (bytes.length < 16) return null;
    length = view.getUint32(8) * 2 ** 32 + view.getUint32(12);
    if (length < 16) return null;
  } else if (length === 0) {
    length = size - at;
  } else if (length < 8) {
    return null;
  }
  return { kind, at, end: at + length };
}

/**
 * The length of the intact part of a fragmented recording: the end of its last complete pair of `moof` and `mdat`;
 * 0 if there is none.
 */
export function intactLength(boxes, size) {
  let intact = 0;
  let hasIndex = false;
  let hasFragment = false;
  for (const box of boxes) {
    if (box.end > size) break;
    if (box.kind === 'moov') hasIndex = true;
    if (box.kind === 'moof') hasFragment = true;
    if (box.kind === 'mdat' && hasIndex && hasFragment) {
      intact = box.end;
      hasFragment = false;
    }
  }
  return intact;
}

/** Detects the format from the first bytes: `mp4`, `quicktime`, `webm` or `other`. */
export function kindOf(head) {
  const text = (from, to) => String.fromCharCode(...head.subarray(from, to));
  if (head[0] === 0x1a && head[1] === 0x45 && head[2] === 0xdf && head[3] === 0xa3) return 'webm';
  let at = 0;
  // Some recorders put padding before `ftyp`; QuickTime movies may have none at all.
  while (at + 8 <= head.length && ['free', 'skip', 'wide'].includes(text(at + 4, at + 8))) {
    const length = new DataView(head.buffer, head.byteOffset + at, 4).getUint32(0);
    if (length < 8) return 'other';
    at += length;
  }
  const kind = text(at + 4, at + 8);
  if (kind === 'ftyp') return text(at + 8, at + 12) === 'qt  ' ? 'quicktime' : 'mp4';
  return ['moov', 'mdat'].includes(kind) ? 'quicktime' : 'other';
}

/** A `readAt` function for a Blob. */
export function blobReader(blob) {
  return async (at, length) => new Uint8Array(await blob.slice(at, at + length).arrayBuffer());
}
