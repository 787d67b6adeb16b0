import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Outbox } from '../../review/outbox.js';
import { SafeStorage } from '../../review/page.js';
import { fakeStorage } from './storage.js';

/** An outbox whose requests get these answers, one by one: a status, or a promise of one. */
function outbox(answers, { shared = fakeStorage(), now = () => 1_000_000 } = {}) {
  const storage = new SafeStorage(shared);
  const sent = [];
  const ended = [];
  const api = {
    post: async (path, body, options) => {
      sent.push({ request: `${path}?${body}`, isBackground: options?.isBackground === true });
      return { status: (await answers.shift()) ?? 0, data: { next: '/review' } };
    },
  };
  const onComplete = ({ id, kind }, outcome) => ended.push([kind, id, outcome]);
  const box = new Outbox({ storage, person: 7, api, onComplete, now });
  return { box, sent, ended, storage, requests: () => sent.map(({ request }) => request) };
}

let at = 0;
const entry = (id, more) => ({ id, refKey: id, pairs: [['id', id], ['decision', 'approve']], at: (at += 1), ...more });
const waiting = (id, more) => entry(id, { isWaiting: true, ...more });

/** A promise that is settled from outside. */
function deferred() {
  let resolve;
  const promise = new Promise((settle) => { resolve = settle; });
  return { promise, resolve };
}

test('decisions are sent in order, each once, and not as activity of the person', async () => {
  const { box, sent, ended, storage, requests } = outbox([200, 200]);
  box.add(waiting('a'));
  box.add(waiting('b'));
  assert.equal(await box.send(), 'done');
  assert.deepEqual(ended, [['decide', 'a', 'done'], ['decide', 'b', 'done']]);
  assert.equal(requests()[0], '/review/decide?id=a&decision=approve');
  assert.ok(sent.every(({ isBackground }) => isBackground));
  assert.deepEqual(storage.keys(''), []);
});

test('without a network they stay', async () => {
  const { box, ended } = outbox([0]);
  box.add(waiting('a'));
  box.add(waiting('b'));
  assert.equal(await box.send(), 'later');
  assert.deepEqual(ended, []);
  assert.equal(box.entries.length, 2);
});

test('an ended session stops them, a refusal does not', async () => {
  const { box, ended } = outbox([409, 401]);
  box.add(waiting('a'));
  box.add(waiting('b'));
  assert.equal(await box.send(), 'signed-out');
  assert.deepEqual(ended, [['decide', 'a', 'refused']]);
  assert.ok(box.find('b'));
});

test('two tabs that write at the same time lose nothing of each other', () => {
  const shared = fakeStorage();
  const [one, other] = [outbox([], { shared }), outbox([], { shared })];
  one.box.add(entry('a'));
  other.box.add(entry('b'));
  one.box.remove('a');
  assert.deepEqual(one.box.entries.map(({ id }) => id), ['b']);
});

test('what another person has decided in this browser stays with that person', async () => {
  const { box, storage, sent } = outbox([200]);
  box.add(waiting('a'));
  const other = new Outbox({ storage, person: 77, api: null, onComplete: null });
  assert.equal(await other.send(), 'done');
  assert.deepEqual(sent, []);
  assert.ok(box.find('a'));
});

test('an undo is sent even if the decision has got no answer', async () => {
  const { box, requests, ended } = outbox([0, 200]);
  const made = box.add(entry('a'));
  assert.equal((await box.post(made)).outcome, 'later');
  const undo = box.withdraw({ id: 'a' });
  assert.equal((await box.post(undo)).outcome, 'done');
  assert.deepEqual(requests(), ['/review/decide?id=a&decision=approve', '/review/undo?id=a&decision=approve']);
  assert.deepEqual(ended, []);
  assert.equal(box.isEmpty, true);
});

test('a decision that is undone while it is being sent does not come back', async () => {
  const response = deferred();
  const { box } = outbox([response.promise, 0]);
  const made = box.add(entry('a'));
  const posted = box.post(made);
  const undone = box.post(box.withdraw({ id: 'a' }));
  response.resolve(200);
  assert.equal((await posted).outcome, 'withdrawn');
  assert.equal((await undone).outcome, 'later');
  assert.equal(box.find('a').kind, 'undo');
});

test('an undo whose answer is lost is sent again', async () => {
  const { box, ended } = outbox([0, 200]);
  const undo = box.withdraw({ id: 'a', pairs: [['id', 'a']] });
  assert.equal((await box.post(undo)).outcome, 'later');
  assert.equal(await box.send(), 'done');
  assert.deepEqual(ended, [['undo', 'a', 'done']]);
});

test('a new decision follows the undo of the former one about the same report', async () => {
  const { box, requests, ended } = outbox([0, 200, 200]);
  await box.post(box.withdraw(entry('a', { refKey: 'r' })));
  const { outcome } = await box.post(box.add(entry('b', { refKey: 'r' })));
  assert.equal(outcome, 'done');
  assert.deepEqual(requests().map((request) => request.slice(0, 18)), ['/review/undo?id=a&', '/review/undo?id=a&', '/review/decide?id=']);
  assert.deepEqual(ended, [['undo', 'a', 'done']]);
});

test('a tab leaves alone what another one is sending, until that one must have ended', async () => {
  let now = 1_000_000;
  const { box, requests } = outbox([200], { now: () => now });
  box.add(entry('a', { at: now }));
  assert.equal(await box.send(), 'later');
  assert.deepEqual(requests(), []);
  now += 20_000;
  assert.equal(await box.send(), 'done');
});

test('a browser that keeps nothing still sends what was decided on this page', async () => {
  const { box, ended } = outbox([0, 200], { shared: fakeStorage(0) });
  await box.post(box.add(entry('a')));
  assert.equal(await box.send(), 'done');
  assert.deepEqual(ended, [['decide', 'a', 'done']]);
});

test('two senders at a time send nothing twice', async () => {
  const { box, sent } = outbox([200]);
  box.add(waiting('a'));
  const both = await Promise.all([box.send(), box.send()]);
  assert.deepEqual(both, ['done', 'later']);
  assert.equal(sent.length, 1);
});
