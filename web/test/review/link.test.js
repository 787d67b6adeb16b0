import assert from 'node:assert/strict';
import { test } from 'node:test';

import { elapsedSince, linkOutcome } from '../../review/link.js';

test('elapsed time includes sleep and is never negative', () => {
  const at = { steady: 1000, wall: 5000 };
  assert.equal(elapsedSince(at, { steady: 1500, wall: 605_000 }), 600_000);
  assert.equal(elapsedSince(at, { steady: 1500, wall: 0 }), 500);
});

test('a refused network does not end the session', () => {
  const refusal = { data: { error: 'forbidden', details: { reason: 'network' } } };
  assert.deepEqual([linkOutcome(403, refusal), linkOutcome(403, {}), linkOutcome(401, {})], ['unavailable', 'signed-out', 'signed-out']);
});
