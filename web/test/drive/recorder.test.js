import assert from 'node:assert/strict';
import test from 'node:test';

import { nominalRate, rates, remainingBudget, secondsThatFit } from '../../drive/budget.js';
import { candidates, chooseFormat } from '../../drive/codec.js';
import { elapsed, initial, remaining, step } from '../../drive/recorder.js';

const MIB = 2 ** 20;

/** Applies events; returns the last state and all commands. */
function run(state, ...events) {
  const commands = [];
  let now = state;
  for (const event of events) {
    const [next, more] = step(now, event);
    now = next;
    commands.push(...more);
  }
  return { state: now, commands, types: commands.map(({ type }) => type) };
}

const closed = (limit = 64 * MIB) => initial({ limit, nominal: nominalRate(rates(limit)) });

const recording = (limit) =>
  run(closed(limit), { type: 'open' }, { type: 'opened', hasSound: true }, { type: 'start', now: 0 }).state;

test('avc3 and AAC are preferred, and Chromium never uses a bare video/mp4', () => {
  const order = candidates(true).map(({ family, sound }) => `${family}+${sound}`);
  assert.deepEqual([...new Set(order)], ['avc3+aac', 'avc3+opus', 'avc1+aac', 'avc1+opus']);
  assert.ok(candidates(true).every(({ type }) => type.includes('codecs=')));
  const only = (wanted) => (type) => type.includes(wanted);
  const chromium = { isChromium: true, withSound: true };
  assert.equal(chooseFormat(only('avc3'), chromium).sound, 'aac');
  assert.equal(chooseFormat((type) => type.includes('avc3') && type.includes('opus'), chromium).sound, 'opus');
  const turned = chooseFormat(only('avc1'), chromium);
  assert.equal(turned.locksOrientation, true);
  const bare = (type) => type === 'video/mp4';
  assert.equal(chooseFormat(bare, chromium), null);
  assert.equal(chooseFormat(bare, { isChromium: false, withSound: true }).type, 'video/mp4');
  assert.equal(chooseFormat(only('avc1'), { isChromium: false, withSound: true }).locksOrientation, false);
});

test('no format has an audio codec without a microphone', () => {
  assert.ok(candidates(false).every(({ type }) => !/mp4a|opus/.test(type)));
});

test('three minutes fit the limit, but not below the minimum rate', () => {
  assert.deepEqual(rates(64 * MIB), { videoBitsPerSecond: 1_500_000, audioBitsPerSecond: 64_000 });
  const small = rates(16 * MIB);
  assert.ok(small.videoBitsPerSecond < 700_000 && small.videoBitsPerSecond > 500_000);
  assert.equal(rates(MIB).videoBitsPerSecond, 400_000);
  assert.ok(nominalRate(rates(64 * MIB)) * 180 < 64 * MIB);
});

test('a recording is written to the disk', () => {
  const begun = run(closed(), { type: 'open' }, { type: 'opened', hasSound: true }, { type: 'start', now: 1000 });
  assert.deepEqual(begun.types, ['openCamera', 'startRecorder']);
  const { state, commands } = run(
    begun.state,
    { type: 'chunk', size: 200_000, now: 2000 },
    { type: 'flushed', bytes: 200_000 },
    { type: 'chunk', size: 0, now: 2500 },
    { type: 'stop' },
    { type: 'chunk', size: 100_000, now: 2600 },
    { type: 'stopped' },
    { type: 'flushed', bytes: 300_000 },
    { type: 'done' },
  );
  assert.equal(state.phase, 'saved');
  assert.equal(state.savedBytes, 300_000);
  const writes = commands.filter(({ type }) => type === 'write');
  assert.deepEqual(writes, [
    { type: 'write', at: 0, size: 200_000 },
    { type: 'write', at: 200_000, size: 100_000 },
  ]);
  assert.deepEqual(commands.at(-1), { type: 'finish', reason: 'user' });
});

test('a lost camera or a full disk stops the recording and keeps it', () => {
  for (const reason of ['ended', 'muted', 'hidden', 'quota', 'failed']) {
    const { state, types } = run(
      recording(),
      { type: 'chunk', size: 100_000, now: 1000 },
      { type: 'flushed', bytes: 100_000 },
      { type: reason },
      { type: 'stopped' },
      { type: 'done' },
    );
    assert.deepEqual([state.phase, state.reason], ['saved', reason]);
    assert.deepEqual(types, ['write', 'stopRecorder', 'flush', 'closeCamera', 'finish']);
  }
});

test('three seconds without a frame stop the recording', () => {
  const seen = run(recording(), { type: 'frame', now: 500 }).state;
  assert.equal(run(seen, { type: 'tick', now: 3499 }).state.phase, 'recording');
  const { state } = run(seen, { type: 'tick', now: 3500 });
  assert.deepEqual([state.phase, state.reason], ['stopping', 'frozen']);
});

test('a recording is saved if the browser stops the recorder', () => {
  const { state } = run(
    recording(),
    { type: 'chunk', size: 10, now: 900 },
    { type: 'flushed', bytes: 10 },
    { type: 'stopped' },
    { type: 'done' },
  );
  assert.equal(state.phase, 'saved');
});

test('chunks after a rotation are dropped', () => {
  const { state, types } = run(
    recording(),
    { type: 'chunk', size: 10, now: 900 },
    { type: 'flushed', bytes: 10 },
    { type: 'turned' },
    { type: 'chunk', size: 20, now: 1900 },
    { type: 'stopped' },
    { type: 'chunk', size: 30, now: 1950 },
    { type: 'done' },
  );
  assert.deepEqual(types, ['write', 'stopRecorder', 'flush', 'closeCamera', 'finish']);
  assert.deepEqual([state.phase, state.reason, state.savedBytes], ['saved', 'turned', 10]);
});

test('a recording without saved bytes is empty', () => {
  const { state } = run(recording(), { type: 'quota' }, { type: 'stopped' }, { type: 'done' });
  assert.equal(state.phase, 'empty');
});

test('recordings stay within the limit for all chunk sizes and bursts', () => {
  const random = ((seed) => () => (seed = (seed * 48271) % 2147483647) / 2147483647)(7);
  for (const limit of [2 * MIB, 8 * MIB, 64 * MIB]) {
    const nominal = nominalRate(rates(limit));
    for (let round = 0; round < 30; round++) {
      let state = recording(limit);
      let [now, unsent] = [0, 0];
      const interval = 1 + Math.floor(random() * 5);
      while (state.phase === 'recording' && now < 3_600_000) {
        now += 1000;
        // The encoder exceeds its rate in bursts and delivers a chunk every one to five seconds.
        unsent += nominal * (0.2 + random() * 1.3);
        state = run(state, { type: 'frame', now }, { type: 'tick', now }).state;
        if (state.phase === 'recording' && (now / 1000) % interval === 0) {
          state = run(state, { type: 'chunk', size: Math.floor(unsent), now }).state;
          unsent = 0;
        }
      }
      const last = run(state, { type: 'chunk', size: Math.floor(unsent), now }).state;
      assert.equal(state.reason, 'limit');
      assert.ok(last.bytes <= limit, `${last.bytes} of ${limit}`);
    }
  }
});

test('the remaining time decreases to zero', () => {
  let state = recording(8 * MIB);
  const nominal = nominalRate(rates(8 * MIB));
  let previous = remaining(state, 0);
  assert.ok(previous > 60);
  for (let now = 1000; state.phase === 'recording'; now += 1000) {
    state = run(state, { type: 'frame', now }, { type: 'chunk', size: Math.floor(nominal), now }, { type: 'tick', now }).state;
    const seconds = remaining(state, now);
    assert.ok(seconds <= previous + 1, `${seconds} after ${previous}`);
    previous = seconds;
  }
  assert.ok(previous <= 1);
  assert.equal(elapsed(state, 500), 0.5);
});

test('the camera is reopened after the page was hidden, but only if it was open before', () => {
  const hidden = run(closed(), { type: 'open' }, { type: 'opened', hasSound: true }, { type: 'hidden' });
  assert.deepEqual(hidden.types, ['openCamera', 'closeCamera']);
  const back = run(hidden.state, { type: 'visible' });
  assert.deepEqual([back.state.phase, back.types], ['opening', ['openCamera']]);
  assert.deepEqual(run(closed(), { type: 'visible' }).types, []);
  const late = run(hidden.state, { type: 'opened', hasSound: true });
  assert.deepEqual([late.state.phase, late.types], ['closed', ['closeCamera']]);
});

test('a denied camera can be requested again', () => {
  const { state, types } = run(
    closed(),
    { type: 'open' },
    { type: 'denied', reason: 'camera' },
    { type: 'open' },
    { type: 'opened', hasSound: false },
  );
  assert.deepEqual([state.phase, state.hasSound], ['ready', false]);
  assert.deepEqual(types, ['openCamera', 'openCamera']);
});

test('data buffered by the recorder counts towards the limit', () => {
  const base = { limit: 10_000_000, bytes: 5_000_000, seconds: 30, largestChunk: 200_000, nominal: 200_000 };
  assert.ok(remainingBudget({ ...base, sinceChunk: 0 }).seconds > remainingBudget({ ...base, sinceChunk: 5 }).seconds);
});

test('the seconds that fit are computed from the rate of the video', () => {
  assert.equal(secondsThatFit(64 * MIB, 128 * MIB, 60_000), 29);
  assert.equal(secondsThatFit(64 * MIB, 128 * MIB, null), null);
});
