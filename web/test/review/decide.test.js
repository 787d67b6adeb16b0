import assert from 'node:assert/strict';
import { test } from 'node:test';

import { outcomeOf } from '../../review/api.js';
import { confirmationFor, undoState } from '../../review/decide.js';
import { parseCount, stepIndex } from '../../review/list.js';
import { compose, problemOf } from '../../review/reason.js';

test('an approval needs confirmation if the video was not watched or a check fails', () => {
  assert.equal(confirmationFor({ isWatched: true, fails: 0, isConfirming: false }), null);
  assert.equal(confirmationFor({ isWatched: false, fails: 0, isConfirming: false }), 'decision.unwatched');
  assert.equal(confirmationFor({ isWatched: true, fails: 1, isConfirming: false }), 'decision.mismatch');
  assert.equal(confirmationFor({ isWatched: false, fails: 1, isConfirming: true }), null);
});

test('the undo bar counts down, and says sent only after the server has confirmed it', () => {
  const decision = { effectiveAt: 10_000 };
  assert.deepEqual(undoState(decision, 0), { phase: 'open', seconds: 10 });
  assert.deepEqual(undoState(decision, 9_001), { phase: 'open', seconds: 1 });
  assert.equal(undoState(decision, 10_000).phase, 'expired');
  assert.equal(undoState({ ...decision, sentAt: 10_500 }, 15_000).phase, 'sent');
  assert.equal(undoState({ ...decision, sentAt: 10_500 }, 15_500).phase, 'none');
  assert.equal(undoState(null, 0).phase, 'none');
});

test('responses are classified by how to handle them', () => {
  const outcomes = [200, 303, 401, 403, 409, 422, 0, 408, 429, 500, 503].map(outcomeOf);
  assert.deepEqual(outcomes, ['done', 'refused', 'signed-out', 'stale', 'refused', 'refused', 'retry', 'retry', 'retry', 'retry', 'retry']);
});

test('a refused network is distinguished from a stale page', () => {
  const refusal = { data: { error: 'forbidden', details: { reason: 'network' } } };
  assert.deepEqual([outcomeOf(403, refusal), outcomeOf(403, { data: { error: 'csrf_invalid' } })], ['retry', 'stale']);
});

test('stepping through a list stops at its ends', () => {
  assert.deepEqual([stepIndex(-1, 1, 3), stepIndex(-1, -1, 3), stepIndex(2, 1, 3), stepIndex(0, -1, 3), stepIndex(0, 1, 0)], [0, 2, 2, 0, -1]);
});

test('a capped count is not a number', () => {
  assert.deepEqual(['1 862', '1,862', '1\u00a0862', '0', '1,000+', '', undefined].map(parseCount), [1862, 1862, 1862, 0, null, null, null]);
});

test('items, codes and free text are on separate lines', () => {
  const words = { missing: 'Не показано в видео: {items}', codes: { plate: 'Не читается госномер' } };
  const lines = compose({ items: ['Салон', 'VIN-код.'], codes: ['plate', 'new'], text: ' Днём.\nБлиже ' }, words);
  assert.deepEqual(lines, ['Не показано в видео: салон; VIN-код.', 'Не читается госномер.', 'Днём.', 'Ближе']);
  assert.equal(problemOf({ items: [], codes: [], text: '  ' }), 'reject.empty');
  assert.equal(problemOf({ items: [], codes: [], text: 'a'.repeat(1001) }), 'reject.too_long');
  assert.equal(problemOf({ items: ['Салон'], codes: [], text: '' }), null);
});
