import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Outbox } from '../../review/outbox.js';
import { SafeStorage } from '../../review/page.js';
import { fakeStorage } from './storage.js';

/** An outbox whose requests get these statuses, or promises of them, one by one; 0 is no network. */
function outbox(statuses, { shared = fakeStorage(), now = () => 1_000_000 } = {}) {
  const storage = new SafeStorage(shared);
  const sent = [];
  const completed = [];
  const api = {
    post: async (path, body, options) => {
      sent.push({ request: `${path}?${body}`, isBackground: options?.isBackground === true });
      return { status: (await statuses.shift()) ?? 0, data: { next: '/review' } };
    },
  };
  const onComplete = ({ id, kind }, outcome) => completed.push([kind, id, outcome]);
  const box = new Outbox({ storage, person: 7, api, onComplete, now });
  return { box, sent, completed, storage, requests: () => sent.map(({ request }) => request) };
}

let at = 0;
const entry = (id, more) => ({ id, refKey: id, pairs: [['id', id], ['decision', 'approve']], at: (at += 1), ...more });
const waiting = (id, more) => entry(id, { isWaiting: true, ...more });

function deferred() {
  let resolve;
  const promise = new Promise((settle) => { resolve = settle; });
  return { promise, resolve };
}

test('decisions are sent in order, once each, as background requests', async () => {
  const { box, sent, completed, storage, requests } = outbox([200, 200]);
  box.add(waiting('a'));
  box.add(waiting('b'));
  assert.equal(await box.flush(), 'done');
  assert.deepEqual(completed, [['decide', 'a', 'done'], ['decide', 'b', 'done']]);
  assert.equal(requests()[0], '/review/decide?id=a&decision=approve');
  assert.ok(sent.every(({ isBackground }) => isBackground));
  assert.deepEqual(storage.keys(''), []);
});

test('decisions stay in the outbox without a network', async () => {
  const { box, completed } = outbox([0]);
  box.add(waiting('a'));
  box.add(waiting('b'));
  assert.equal(await box.flush(), 'retry');
  assert.deepEqual(completed, []);
  assert.equal(box.entries.length, 2);
});

test('an ended session stops the flush, a refusal does not', async () => {
  const { box, completed } = outbox([409, 401]);
  box.add(waiting('a'));
  box.add(waiting('b'));
  assert.equal(await box.flush(), 'signed-out');
  assert.deepEqual(completed, [['decide', 'a', 'refused']]);
  assert.ok(box.find('b'));
});

test('two tabs do not overwrite the entries of each other', () => {
  const shared = fakeStorage();
  const [one, other] = [outbox([], { shared }), outbox([], { shared })];
  one.box.add(entry('a'));
  other.box.add(entry('b'));
  one.box.remove('a');
  assert.deepEqual(one.box.entries.map(({ id }) => id), ['b']);
});

test('the entries of another person are not sent', async () => {
  const { box, storage, sent } = outbox([200]);
  box.add(waiting('a'));
  const other = new Outbox({ storage, person: 77, api: null, onComplete: null });
  assert.equal(await other.flush(), 'done');
  assert.deepEqual(sent, []);
  assert.ok(box.find('a'));
});

test('an undo is sent even if the decision was not acknowledged', async () => {
  const { box, requests, completed } = outbox([0, 200]);
  const added = box.add(entry('a'));
  assert.equal((await box.post(added)).outcome, 'retry');
  const undo = box.withdraw({ id: 'a' });
  assert.equal((await box.post(undo)).outcome, 'done');
  assert.deepEqual(requests(), ['/review/decide?id=a&decision=approve', '/review/undo?id=a&decision=approve']);
  assert.deepEqual(completed, []);
  assert.equal(box.isEmpty, true);
});

test('a decision undone while in flight is not stored again', async () => {
  const response = deferred();
  const { box } = outbox([response.promise, 0]);
  const added = box.add(entry('a'));
  const posted = box.post(added);
  const undone = box.post(box.withdraw({ id: 'a' }));
  response.resolve(200);
  assert.equal((await posted).outcome, 'withdrawn');
  assert.equal((await undone).outcome, 'retry');
  assert.equal(box.find('a').kind, 'undo');
});

test('an undo without a response is retried', async () => {
  const { box, completed } = outbox([0, 200]);
  const undo = box.withdraw({ id: 'a', pairs: [['id', 'a']] });
  assert.equal((await box.post(undo)).outcome, 'retry');
  assert.equal(await box.flush(), 'done');
  assert.deepEqual(completed, [['undo', 'a', 'done']]);
});

test('a new decision is sent after the undo of the previous one about the same report', async () => {
  const { box, requests, completed } = outbox([0, 200, 200]);
  await box.post(box.withdraw(entry('a', { refKey: 'r' })));
  const { outcome } = await box.post(box.add(entry('b', { refKey: 'r' })));
  assert.equal(outcome, 'done');
  assert.deepEqual(requests().map((request) => request.slice(0, 18)), ['/review/undo?id=a&', '/review/undo?id=a&', '/review/decide?id=']);
  assert.deepEqual(completed, [['undo', 'a', 'done']]);
});

test('a recent entry of another tab is not sent until its request must have timed out', async () => {
  let now = 1_000_000;
  const { box, requests } = outbox([200], { now: () => now });
  box.add(entry('a', { at: now }));
  assert.equal(await box.flush(), 'retry');
  assert.deepEqual(requests(), []);
  now += 20_000;
  assert.equal(await box.flush(), 'done');
});

test('without storage the decisions of this page are still sent', async () => {
  const { box, completed } = outbox([0, 200], { shared: fakeStorage(0) });
  await box.post(box.add(entry('a')));
  assert.equal(await box.flush(), 'done');
  assert.deepEqual(completed, [['decide', 'a', 'done']]);
});

test('two concurrent flushes send nothing twice', async () => {
  const { box, sent } = outbox([200]);
  box.add(waiting('a'));
  const both = await Promise.all([box.flush(), box.flush()]);
  assert.deepEqual(both, ['done', 'retry']);
  assert.equal(sent.length, 1);
});
