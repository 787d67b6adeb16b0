import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Outbox } from '../../review/outbox.js';

/** An outbox whose requests get these statuses, one by one. */
function outbox(statuses) {
  const kept = { values: new Map(), get: (key) => kept.values.get(key) ?? null, set: (key, value) => kept.values.set(key, value), remove: (key) => kept.values.delete(key) };
  const sent = [];
  const ended = [];
  const api = {
    post: async (path, body) => {
      sent.push(`${path}?${body}`);
      return { status: statuses.shift() ?? 0, data: { next: '/review' } };
    },
  };
  const box = new Outbox({ kept, person: 7, api, onEnd: (entry, outcome) => ended.push([entry.id, outcome]) });
  return { box, sent, ended, kept };
}

const entry = (id) => ({ id, pairs: [['id', id], ['decision', 'approve']] });

test('decisions are sent in order, each once', async () => {
  const { box, sent, ended, kept } = outbox([200, 200]);
  box.add(entry('a'));
  box.add(entry('b'));
  box.add(entry('a'));
  assert.equal(await box.send(), true);
  assert.deepEqual(ended, [['b', 'done'], ['a', 'done']]);
  assert.equal(sent[0], '/review/decide?id=b&decision=approve');
  assert.equal(kept.values.size, 0);
});

test('without a network they stay', async () => {
  const { box, ended } = outbox([0]);
  box.add(entry('a'));
  box.add(entry('b'));
  assert.equal(await box.send(), false);
  assert.deepEqual(ended, []);
  assert.equal(box.entries.length, 2);
});

test('an ended session stops them, a refusal does not', async () => {
  const { box, ended } = outbox([409, 401]);
  box.add(entry('a'));
  box.add(entry('b'));
  assert.equal(await box.send(), false);
  assert.deepEqual(ended, [['a', 'refused']]);
  assert.equal(box.last.id, 'b');
});

test('one that was not sent can be taken back', async () => {
  const { box, sent } = outbox([]);
  box.add(entry('a'));
  assert.equal(box.take('a').id, 'a');
  assert.equal(box.take('a'), null);
  assert.equal(await box.send(), true);
  assert.deepEqual(sent, []);
});

test('two senders at a time send nothing twice', async () => {
  const { box, sent } = outbox([200]);
  box.add(entry('a'));
  const both = await Promise.all([box.send(), box.send()]);
  assert.deepEqual(both, [true, false]);
  assert.equal(sent.length, 1);
});
