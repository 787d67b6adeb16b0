import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nextAction } from '../../review/claim.js';

const MINUTE = 60_000;
const claim = (values) => nextAction({ until: 10 * MINUTE, now: 0, lastHeartbeat: 0, isVisible: true, isActive: true, ...values });

test('a claim is renewed once a minute while the reviewer is active', () => {
  assert.equal(claim({ now: MINUTE - 1 }), null);
  assert.equal(claim({ now: MINUTE }), 'renew');
  assert.equal(claim({ now: 3 * MINUTE, lastHeartbeat: 2.5 * MINUTE }), null);
});

test('an inactive reviewer or a hidden page does not renew the claim', () => {
  assert.equal(claim({ now: 5 * MINUTE, isActive: false }), null);
  assert.equal(claim({ now: 5 * MINUTE, isVisible: false }), null);
});

test('the reviewer is warned before the claim expires', () => {
  assert.equal(claim({ now: 9 * MINUTE, isActive: false }), 'warn');
  assert.equal(claim({ now: 9 * MINUTE, isActive: true }), 'renew');
  assert.equal(claim({ now: 10 * MINUTE, isActive: true }), 'expire');
});

test('nothing is done without a claim', () => {
  assert.equal(claim({ until: null, now: 99 * MINUTE }), null);
});

test('a failed request for a claim is retried while the reviewer is active', () => {
  const failed = { until: null, hasFailed: true };
  assert.deepEqual([claim({ ...failed, now: MINUTE - 1 }), claim({ ...failed, now: MINUTE })], [null, 'acquire']);
  assert.equal(claim({ ...failed, now: MINUTE, isActive: false }), null);
});
