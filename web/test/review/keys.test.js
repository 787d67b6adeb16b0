import assert from 'node:assert/strict';
import test from 'node:test';

import { compose } from '../../review/reason.js';
import { confirmationFor } from '../../review/decide.js';
import { cappedRate, follow } from '../../review/follow.js';
import { needsLink, retryAfterFailure } from '../../review/link.js';
import { commandOf, DecisionGuard, digitsOf } from '../../review/keys.js';

test('commands depend on the physical key, and are ignored with a modifier or in a text field', () => {
  const watch = { mode: 'watch' };
  assert.deepEqual(commandOf({ code: 'KeyA', key: 'ф' }, watch), { name: 'approve' });
  assert.equal(commandOf({ code: 'KeyA', ctrlKey: true }, watch), null);
  assert.equal(commandOf({ code: 'KeyA', repeat: true }, watch), null);
  assert.equal(commandOf({ code: 'KeyA' }, { ...watch, focus: 'text' }), null);
  assert.equal(commandOf({ code: 'KeyA' }, { ...watch, singleKeys: false }), null);
  assert.deepEqual(commandOf({ code: 'Digit0', shiftKey: true }, watch), { name: 'item', value: 9 });
  assert.deepEqual(commandOf({ code: 'Enter', ctrlKey: true }, { mode: 'reject', focus: 'text' }), { name: 'send' });
  assert.equal(commandOf({ code: 'Space' }, { ...watch, focus: 'button' }), null);
});

test('a decision key works after its release and 600 ms after the report is shown', () => {
  const guard = new DecisionGuard();
  guard.down('KeyA');
  guard.shown(0);
  assert.equal(guard.allows('approve', 'KeyA', 700), false);
  guard.up('KeyA');
  assert.deepEqual([599, 600].map((now) => guard.allows('approve', 'KeyA', now)), [false, true]);
  assert.equal(guard.allows('undo', 'KeyU', 0), true);
  // The second click of a double click hits the next report.
  assert.deepEqual([599, 600].map((now) => guard.isReady(now)), [false, true]);
});

test('the Kazakh number row is converted to digits', () => assert.equal(digitsOf('ӘІ3Қ'), '2330'));

test('a link is renewed before it expires, unless the bytes are buffered', () => {
  const link = { url: '/a', expiresAt: 30_000, ranges: [[0, 9]], from: 5 };
  assert.deepEqual([needsLink({ ...link, now: 0 }), needsLink({ ...link, now: 20_000 })], [false, false]);
  assert.equal(needsLink({ ...link, now: 20_000, from: 12 }), true);
  assert.deepEqual([1, 2].map((n) => retryAfterFailure(n).action), ['renew', 'wait']);
});

test('compared videos change their rate, and seek if they drift by more than 0.3 s', () => {
  const at = { lead: 10, shift: 2, rate: 1, isPaused: false, duration: 60 };
  assert.equal(follow({ ...at, other: 11 }).seek, 12);
  assert.equal(follow({ ...at, other: 11.9 }).rate, 1.1);
  assert.equal(cappedRate(4), 2);
});

test('an approval needs confirmation only if there is a reason', () => {
  assert.equal(confirmationFor({ isWatched: true, fails: 0, isConfirming: false }), null);
  assert.equal(confirmationFor({ isWatched: false, fails: 1, isConfirming: false }), 'decision.unwatched');
  assert.equal(confirmationFor({ isWatched: false, fails: 1, isConfirming: true }), null);
});

test('the preview has the same wording as the server', () => {
  const reason = { missing: 'Not shown: {items}', codes: { blur: 'Too dark' } };
  const lines = compose({ items: ['Salon.', 'VIN code'], codes: ['blur'], text: ' a ' }, reason);
  assert.deepEqual(lines, ['Not shown: salon; VIN code.', 'Too dark.', 'a']);
});
