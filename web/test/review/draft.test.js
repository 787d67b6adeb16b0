import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Drafts, nextItem, preselected, withSkipped, withTick } from '../../review/draft.js';
import { SafeStorage } from '../../review/page.js';
import { fakeStorage } from './storage.js';

const drafts = (capacity, now) => new Drafts(new SafeStorage(fakeStorage(capacity)), 7, now);

test('a draft is read as it was written', () => {
  const all = drafts();
  const draft = { ...all.read('a', 1), text: 'Темно', codes: ['blur'], isOpen: true };
  assert.ok(all.write('a', draft) > 0);
  assert.deepEqual({ ...all.read('a', 1), savedAt: 0 }, { ...draft, savedAt: 0 });
  assert.equal(all.read('b', 1).text, '');
});

test('a new version of the report keeps the text and drops the ticks', () => {
  const all = drafts();
  all.write('a', withTick({ ...all.read('a', 1), text: 'Темно' }, 0, true, 4.26));
  const after = all.read('a', 2);
  assert.equal(after.text, 'Темно');
  assert.deepEqual(after.ticks, {});
  assert.equal(after.version, 2);
});

test('a sent draft is read for the same version only', () => {
  const all = drafts();
  all.write('a', { ...all.read('a', 1), text: 'Темно', isSent: true });
  assert.equal(all.read('a', 1).text, 'Темно');
  assert.equal(all.read('a', 2).text, '');
});

test('a tab that only plays does not overwrite text from another tab', () => {
  const all = drafts();
  all.merge('a', 1, { text: 'Темно' });
  all.merge('a', 1, { time: 4, watched: 4 });
  assert.deepEqual([all.read('a', 1).text, all.read('a', 1).time], ['Темно', 4]);
  all.merge('a', 2, { time: 1 });
  assert.deepEqual([all.read('a', 2).text, all.read('a', 2).watched], ['Темно', 0]);
});

test('drafts expire after a week and belong to one person', () => {
  let now = 1_000_000_000_000;
  const storage = new SafeStorage(fakeStorage());
  const mine = new Drafts(storage, 7, () => now);
  mine.write('a', { ...mine.read('a', 1), text: 'Темно' });
  assert.equal(new Drafts(storage, 8, () => now).read('a', 1).text, '');
  now += 8 * 24 * 3600 * 1000;
  assert.equal(mine.read('a', 1).text, '');
});

test('older drafts are deleted when the storage is full', () => {
  const all = drafts(1);
  assert.ok(all.write('a', { ...all.read('a', 1), text: 'old' }));
  assert.ok(all.write('b', { ...all.read('b', 1), text: 'new' }));
  assert.equal(all.read('b', 1).text, 'new');
  assert.equal(all.read('a', 1).text, '');
  assert.equal(drafts(0).write('a', all.read('a', 1)), null);
});

test('signing out deletes all drafts', () => {
  const storage = new SafeStorage(fakeStorage());
  new Drafts(storage, 7).write('a', { text: 'Темно', version: 1 });
  storage.set('review.speed', 2);
  new Drafts(storage, '').clear();
  assert.deepEqual(storage.keys(''), ['review.speed']);
});

test('items without a tick are preselected only if another item is ticked', () => {
  const draft = drafts().read('a', 1);
  assert.deepEqual(preselected(draft, 3), []);
  assert.deepEqual(preselected(withTick(draft, 1, true, 0), 3), [0, 2]);
});

test('the next item is neither ticked nor skipped', () => {
  const draft = drafts().read('a', 1);
  assert.equal(nextItem(draft, 3), 0);
  const one = withTick(draft, 0, true, 1.26);
  assert.equal(one.ticks[0], 1.3);
  assert.equal(nextItem(one, 3, 0), 1);
  const skipped = withSkipped(one, 1);
  assert.equal(nextItem(skipped, 3, 1), 2);
  const all = withTick(skipped, 2, true, 3);
  assert.equal(nextItem(all, 3, 2), -1);
  assert.deepEqual(withTick(all, 1, true, 4).left, []);
  assert.equal(nextItem(withTick(all, 0, false, 0), 3, 2), 0);
});
