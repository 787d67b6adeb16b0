import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nextAction } from '../../review/claim.js';

const MINUTE = 60_000;
const claim = (values) => nextAction({ until: 10 * MINUTE, now: 0, lastHeartbeat: 0, isVisible: true, isActive: true, ...values });

test('a claim is kept once a minute while somebody works', () => {
  assert.equal(claim({ now: MINUTE - 1 }), null);
  assert.equal(claim({ now: MINUTE }), 'keep');
  assert.equal(claim({ now: 3 * MINUTE, lastHeartbeat: 2.5 * MINUTE }), null);
});

test('nobody at the page, or a hidden page, does not keep it', () => {
  assert.equal(claim({ now: 5 * MINUTE, isActive: false }), null);
  assert.equal(claim({ now: 5 * MINUTE, isVisible: false }), null);
});

test('its end is warned about, and then it is lost', () => {
  assert.equal(claim({ now: 9 * MINUTE, isActive: false }), 'warn');
  assert.equal(claim({ now: 9 * MINUTE, isActive: true }), 'keep');
  assert.equal(claim({ now: 10 * MINUTE, isActive: true }), 'lost');
});

test('who has no claim has no duty', () => {
  assert.equal(claim({ until: null, now: 99 * MINUTE }), null);
});

test('a request for a claim that got no answer is made again while somebody works', () => {
  const missed = { until: null, hasFailed: true };
  assert.deepEqual([claim({ ...missed, now: MINUTE - 1 }), claim({ ...missed, now: MINUTE })], [null, 'take']);
  assert.equal(claim({ ...missed, now: MINUTE, isActive: false }), null);
});
