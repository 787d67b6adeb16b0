import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Drafts, leftOut, nextItem, preselected, ticked } from '../../review/draft.js';
import { Kept } from '../../review/page.js';
import { storage } from './storage.js';

const drafts = (room, now) => new Drafts(new Kept(storage(room)), 7, now);

test('a draft comes back as it was', () => {
  const all = drafts();
  const draft = { ...all.read('a', 1), text: 'Темно', codes: ['blur'], isOpen: true };
  assert.ok(all.write('a', draft) > 0);
  assert.deepEqual({ ...all.read('a', 1), savedAt: 0 }, { ...draft, savedAt: 0 });
  assert.equal(all.read('b', 1).text, '');
});

test('a changed report keeps the words and forgets the ticks', () => {
  const all = drafts();
  all.write('a', ticked({ ...all.read('a', 1), text: 'Темно' }, 0, true, 4.26));
  const after = all.read('a', 2);
  assert.equal(after.text, 'Темно');
  assert.deepEqual(after.ticks, {});
  assert.equal(after.version, 2);
});

test('a draft that was sent comes back with an undo, but not to the next video', () => {
  const all = drafts();
  all.write('a', { ...all.read('a', 1), text: 'Темно', isSent: true });
  assert.equal(all.read('a', 1).text, 'Темно');
  assert.equal(all.read('a', 2).text, '');
});

test('a tab that only plays does not overwrite what another one has typed', () => {
  const all = drafts();
  all.merge('a', 1, { text: 'Темно' });
  all.merge('a', 1, { time: 4, watched: 4 });
  assert.deepEqual([all.read('a', 1).text, all.read('a', 1).time], ['Темно', 4]);
  all.merge('a', 2, { time: 1 });
  assert.deepEqual([all.read('a', 2).text, all.read('a', 2).watched], ['Темно', 0]);
});

test('drafts are forgotten after a week, and those of another person are not shown', () => {
  let now = 1_000_000_000_000;
  const kept = new Kept(storage());
  const mine = new Drafts(kept, 7, () => now);
  mine.write('a', { ...mine.read('a', 1), text: 'Темно' });
  assert.equal(new Drafts(kept, 8, () => now).read('a', 1).text, '');
  now += 8 * 24 * 3600 * 1000;
  assert.equal(mine.read('a', 1).text, '');
});

test('full storage gives the room of older drafts to the newest', () => {
  const all = drafts(1);
  assert.ok(all.write('a', { ...all.read('a', 1), text: 'old' }));
  assert.ok(all.write('b', { ...all.read('b', 1), text: 'new' }));
  assert.equal(all.read('b', 1).text, 'new');
  assert.equal(all.read('a', 1).text, '');
  assert.equal(drafts(0).write('a', all.read('a', 1)), null);
});

test('signing out leaves nothing', () => {
  const kept = new Kept(storage());
  new Drafts(kept, 7).write('a', { text: 'Темно', version: 1 });
  kept.set('review.speed', 2);
  new Drafts(kept, '').clear();
  assert.deepEqual(kept.keys(''), ['review.speed']);
});

test('what is left over is selected only if something was ticked', () => {
  const draft = drafts().read('a', 1);
  assert.deepEqual(preselected(draft, 3), []);
  assert.deepEqual(preselected(ticked(draft, 1, true, 0), 3), [0, 2]);
});

test('the next item is the one that is neither ticked nor left out', () => {
  const draft = drafts().read('a', 1);
  assert.equal(nextItem(draft, 3), 0);
  const one = ticked(draft, 0, true, 1.26);
  assert.equal(one.ticks[0], 1.3);
  assert.equal(nextItem(one, 3, 0), 1);
  const left = leftOut(one, 1);
  assert.equal(nextItem(left, 3, 1), 2);
  const all = ticked(left, 2, true, 3);
  assert.equal(nextItem(all, 3, 2), -1);
  assert.deepEqual(ticked(all, 1, true, 4).left, []);
  assert.equal(nextItem(ticked(all, 0, false, 0), 3, 2), 0);
});
