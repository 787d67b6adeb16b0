import assert from 'node:assert/strict';
import { test } from 'node:test';

import { frameAt, FRAMES, frameSize, frameTimes } from '../../review/strip.js';

test('frames are at the centres of equal intervals', () => {
  const times = frameTimes(12);
  assert.equal(times.length, FRAMES);
  assert.deepEqual(times.slice(0, 2), [0.5, 1.5]);
  assert.ok(times.at(-1) < 12);
});

test('a video without a length has no frames', () => {
  for (const duration of [0, NaN, undefined, -1]) assert.deepEqual(frameTimes(duration), []);
  assert.equal(frameAt(3, 0), 0);
});

test('the frame of any position is within the strip', () => {
  assert.deepEqual([0, 0.99, 1, 11.99, 12, 99, -5].map((time) => frameAt(time, 12)), [0, 0, 1, 11, 11, 11, 0]);
});

test('a drawn frame keeps the aspect ratio', () => {
  assert.deepEqual(frameSize(1920, 1080), [160, 90]);
  assert.deepEqual(frameSize(1080, 1920), [90, 160]);
  assert.deepEqual(frameSize(80, 60), [80, 60]);
  assert.deepEqual(frameSize(0, 0), [1, 1]);
});
