import assert from 'node:assert/strict';
import { test } from 'node:test';

import { linkOutcome, elapsedSince } from '../../review/link.js';

test('the time goes on while the computer sleeps, and never back', () => {
  const at = { steady: 1000, wall: 5000 };
  assert.equal(elapsedSince(at, { steady: 1500, wall: 605_000 }), 600_000);
  assert.equal(elapsedSince(at, { steady: 1500, wall: 0 }), 500);
});

test('a network from which reviewers are kept out does not end the session', () => {
  const refusal = { data: { error: 'forbidden', details: { reason: 'network' } } };
  assert.deepEqual([linkOutcome(403, refusal), linkOutcome(403, {}), linkOutcome(401, {})], ['away', 'signed-out', 'signed-out']);
});
