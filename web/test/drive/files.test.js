import assert from 'node:assert/strict';
import test from 'node:test';

import { blobReader, intactLength, kindOf, topLevel } from '../../drive/boxes.js';
import { Files } from '../../drive/files.js';
import { appendTo, removeFrom } from '../../drive/opfs-core.js';
import { examine, headOf, isReadable, isSame, sha256 } from '../../drive/picked.js';
import { preflightForm, verdictOf } from '../../drive/preflight.js';

/** A box of `size` bytes. */
function box(kind, size) {
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, size);
  for (let at = 0; at < 4; at++) bytes[4 + at] = kind.charCodeAt(at);
  return bytes;
}

const brand = (name) => {
  const bytes = box('ftyp', 24);
  for (let at = 0; at < 4; at++) bytes[8 + at] = name.charCodeAt(at);
  return bytes;
};

const fragments = (count) => Array.from({ length: count }, () => [box('moof', 100), box('mdat', 1000)]).flat();
const boxesOf = async (blob) => topLevel(blobReader(blob), blob.size);

test('a truncated recording is intact up to its last complete fragment', async () => {
  const intact = new Blob([brand('isom'), box('moov', 500), ...fragments(3)]);
  assert.equal(intactLength(await boxesOf(intact), intact.size), intact.size);
  for (const cut of [1, 500, 1000]) {
    const file = intact.slice(0, intact.size - cut);
    assert.equal(intactLength(await boxesOf(file), file.size), 24 + 500 + 2 * 1100, `${cut} bytes less`);
  }
  const inMoof = intact.slice(0, 24 + 500 + 1100 + 50);
  assert.equal(intactLength(await boxesOf(inMoof), inMoof.size), 24 + 500 + 1100);
  const headless = intact.slice(0, 300);
  assert.equal(intactLength(await boxesOf(headless), headless.size), 0);
});

test('64-bit sizes, a box up to the end of the file, and invalid headers are read', async () => {
  const large = new Uint8Array(32);
  const view = new DataView(large.buffer);
  view.setUint32(0, 1);
  large.set([0x6d, 0x64, 0x61, 0x74], 4);
  view.setUint32(12, 32);
  const rest = box('mdat', 100);
  new DataView(rest.buffer).setUint32(0, 0);
  const found = await boxesOf(new Blob([large, rest]));
  assert.deepEqual(found.map(({ at, end }) => [at, end]), [[0, 32], [32, 132]]);
  for (const bytes of [[0, 0, 0, 4, 97, 97, 97, 97], [0, 0, 0, 9, 0, 1, 2, 3], [0, 0, 0, 1, 97, 97, 97, 97]]) {
    assert.deepEqual(await boxesOf(new Blob([new Uint8Array(bytes)])), []);
  }
});

test('the format is detected from the first bytes', () => {
  assert.equal(kindOf(brand('isom')), 'mp4');
  assert.equal(kindOf(brand('qt  ')), 'quicktime');
  assert.equal(kindOf(box('moov', 16)), 'quicktime');
  assert.equal(kindOf(new Uint8Array([0x1a, 0x45, 0xdf, 0xa3, 0, 0, 0, 0])), 'webm');
  assert.equal(kindOf(new TextEncoder().encode('%PDF-1.7 and more')), 'other');
  assert.equal(kindOf(new Uint8Array(0)), 'other');
  const padded = new Uint8Array([...box('free', 8), ...brand('mp42')]);
  assert.equal(kindOf(padded), 'mp4');
  assert.equal(kindOf(new Uint8Array([0, 0, 0, 0, ...new TextEncoder().encode('free')])), 'other');
});

test('problems of a picked file are found before the upload', async () => {
  const limits = { maxBytes: 2000, minSeconds: 1, maxSeconds: 60, takesQuicktime: true };
  const good = new Blob([brand('isom'), box('moov', 100)]);
  assert.equal((await examine(good, limits, 5000)).problem, null);
  const large = new Blob([brand('isom'), box('mdat', 4000)]);
  assert.deepEqual(await examine(large, limits, 60_000), { problem: 'too_large', kind: 'mp4', fits: 28 });
  assert.equal((await examine(good, limits, 500)).problem, 'too_short');
  assert.equal((await examine(good, limits, 61_000)).problem, 'too_long');
  assert.equal((await examine(new Blob(['%PDF']), limits)).problem, 'not_mp4');
  const movie = new Blob([brand('qt  '), box('moov', 100)]);
  assert.equal((await examine(movie, limits)).problem, null);
  assert.equal((await examine(movie, { ...limits, takesQuicktime: false })).problem, 'quicktime');
});

test('an unreadable file is detected, and the same file is recognised', async () => {
  const unreadable = { size: 10, slice: () => ({ arrayBuffer: async () => Promise.reject(Object.assign(new Error(), { name: 'NotReadableError' })) }) };
  assert.equal(await headOf(unreadable), null);
  assert.equal(await isReadable(unreadable), false);
  assert.equal(await isReadable(new Blob(['a'])), true);
  assert.equal((await examine(unreadable, {})).problem, 'unreadable');
  const file = new Blob(['abc']);
  const digest = await sha256(await headOf(file));
  assert.equal(digest, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(isSame({ size: 3, head: digest }, file, digest), true);
  assert.equal(isSame({ size: 4, head: digest }, file, digest), false);
  assert.equal(isSame({ size: 3, head: null }, file, null), false);
  assert.equal(await sha256(new Uint8Array(1), {}), null);
});

test('a preflight sends the first bytes, and the index if it is not among them', async () => {
  const moovLast = new Blob([brand('isom'), box('mdat', 100_000), box('moov', 300)]);
  const form = await preflightForm(moovLast, { ref_key: 'r', lat: null }, { maxMoov: 1000, maxHead: 65536 });
  assert.equal(form.get('length'), String(moovLast.size));
  assert.equal(form.get('moov_at'), String(100_024));
  assert.equal(form.get('moov').size, 300);
  assert.equal(form.get('head').size, 65_536);
  assert.equal(form.has('lat'), false);
  const moovFirst = new Blob([brand('isom'), box('moov', 300), box('mdat', 100_000)]);
  assert.equal((await preflightForm(moovFirst, {}, { maxMoov: 1000, maxHead: 65536 })).has('moov'), false);
  assert.equal((await preflightForm(moovLast, {}, { maxMoov: 100, maxHead: 65536 })).has('moov'), false);
});

test('a preflight without a response refuses nothing', () => {
  assert.deepEqual(verdictOf(null), { known: false, reason: null, facts: null });
  const refused = verdictOf({ data: { verdict: 'refused', reasons: [{ code: 'A' }, { code: 'B' }], facts: {} } });
  assert.equal(refused.reason.code, 'A');
});

test('a chunk is written completely and flushed', () => {
  const calls = [];
  const handle = {
    write: (bytes, { at }) => (calls.push([at, bytes.length]), Math.min(bytes.length, 4)),
    flush: () => calls.push('flush'),
  };
  assert.equal(appendTo(handle, 10, new Uint8Array(6)), 16);
  assert.deepEqual(calls, [[10, 6], [14, 2], 'flush']);
});

test('a partial chunk is truncated on a full disk, whatever write() returns', () => {
  for (const result of [0, -1, 2 ** 32 - 8, undefined]) {
    const sizes = [];
    const counts = [2, result];
    const full = { write: () => counts.shift(), flush: () => assert.fail('nothing to flush'), truncate: (size) => sizes.push(size) };
    assert.throws(() => appendTo(full, 10, new Uint8Array(6)), { name: 'QuotaExceededError' });
    assert.deepEqual(sizes, [10], `${result}`);
  }
});

test('removing a missing file succeeds', async () => {
  const named = (name) => ({ removeEntry: async () => Promise.reject(Object.assign(new Error(), { name })) });
  assert.equal(await removeFrom(named('NotFoundError'), 'a'), false);
  await assert.rejects(removeFrom(named('NoModificationAllowedError'), 'a'));
});

test('results and errors of the worker settle the calls', async () => {
  const sent = [];
  const worker = { postMessage: (message) => sent.push(message) };
  const files = new Files('worker.js', { storage: {}, makeWorker: () => worker });
  const writing = files.write('a', 0, new Blob(['abc']));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual([sent[0].op, sent[0].name, sent[0].at, sent[0].bytes.byteLength], ['write', 'a', 0, 3]);
  worker.onmessage({ data: { id: sent[0].id, result: 3 } });
  assert.equal(await writing, 3);
  const failing = files.close('a');
  worker.onmessage({ data: { id: sent[1].id, error: 'QuotaExceededError' } });
  await assert.rejects(failing, { name: 'QuotaExceededError' });
  const dead = files.close('a');
  worker.onerror();
  await assert.rejects(dead, { name: 'NotSupportedError' });
});
