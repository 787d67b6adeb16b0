import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Texts } from '../../shared/data.js';
import { Decisions } from '../../review/decisions.js';
import { SafeStorage } from '../../review/page.js';
import { fakeStorage } from './storage.js';

/** A fake of the undo form. */
const form = () => {
  const parts = { '[data-do="undo"]': { hidden: false }, '[name="id"]': { value: '' } };
  return {
    hidden: true,
    querySelector: (selector) => parts[selector] ?? null,
    querySelectorAll: () => [],
    elements: { id: parts['[name="id"]'] },
  };
};

const real = { document: globalThis.document, FormData: globalThis.FormData };
before(() => {
  globalThis.FormData = class { *[Symbol.iterator]() { yield* [['csrf', 'x'], ['company', '7'], ['id', 'old']]; } };
});
after(() => Object.assign(globalThis, real));

const texts = new Texts({ 'decision.sent': '{plate}: sent', 'decision.approved': '{plate}: approved', 'decision.undo': 'Undo', 'report.gone': 'gone' }, 'en');

/** A fake `App`. `responses` lists `[status, data]`, or promises of them, by path. */
function appWith(t, responses, { shared = fakeStorage() } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_000_000 });
  const bar = form();
  globalThis.document = { querySelector: () => bar };
  const log = { requests: [], messages: [], visited: [], stale: 0, countLoads: 0, spoken: [] };
  const respond = async (path) => {
    log.requests.push(path);
    const [status, data = {}] = (await responses[path.split('?')[0]]?.shift()) ?? [0];
    return { status, data };
  };
  const app = {
    texts,
    storage: new SafeStorage(shared),
    api: { post: (path, body) => respond(`${path}?${body.get('id')}`), get: respond },
    announcer: { polite: (text) => log.spoken.push(text) },
    messages: { add: (message) => log.messages.push(message), show: (message) => log.messages.push(message), close: () => {} },
    counts: { load: () => { log.countLoads += 1; } },
    go: async (url) => log.visited.push(url),
    stale: () => { log.stale += 1; },
    signedOut: () => {},
  };
  app.decisions = new Decisions(app, { person: 7, now: 0 });
  return { app, decisions: app.decisions, log };
}

const DECIDE = '/review/decide';
const UNDO = '/review/undo';
const decision = (id) => ({ id, pairs: [['id', id]], plate: 'A', decision: 'approve', refKey: `r-${id}`, version: 1, url: `/review/report/r-${id}` });
const accepted = (id, effectiveAt = 10_000) => [200, { undo: { id, plate: 'A', decision: 'approve', effectiveAt }, next: '/review' }];

/** Advances the timers and runs pending microtasks. */
async function advance(t, milliseconds) {
  t.mock.timers.tick(milliseconds);
  for (let step = 0; step < 20; step += 1) await Promise.resolve();
}

test('a decision is retried after a 503 although the browser was never offline', async (t) => {
  const { decisions, log } = appWith(t, { [DECIDE]: [[503], accepted('a')] });
  assert.equal((await decisions.send(decision('a'))).outcome, 'retry');
  await advance(t, 5000);
  assert.deepEqual(log.requests, ['/review/decide?a', '/review/decide?a']);
  assert.equal(decisions.outbox.isEmpty, true);
});

test('U undoes the decision that is being sent, not the previous one', async (t) => {
  let respondLate;
  const slow = new Promise((resolve) => { respondLate = resolve; });
  const { decisions, log } = appWith(t, { [DECIDE]: [accepted('a'), slow], [UNDO]: [[200, { state: 'undone', next: '/b' }]] });
  await decisions.send(decision('a'));
  const sent = decisions.send(decision('b'));
  await advance(t, 0);
  await decisions.undo();
  respondLate(accepted('b'));
  assert.equal((await sent).outcome, 'withdrawn');
  assert.deepEqual(log.requests.at(-1), '/review/undo?b');
  assert.deepEqual(log.visited, ['/b']);
  assert.equal(decisions.bar.current, null);
});

test('the undo of an unacknowledged decision is sent to the server', async (t) => {
  const { decisions, log } = appWith(t, { [DECIDE]: [[0]], [UNDO]: [[0], [200, { state: 'undone', text: 'undone' }]] });
  await decisions.send(decision('a'));
  await decisions.undo();
  assert.equal(decisions.outbox.find('a').kind, 'undo');
  await advance(t, 5000);
  assert.deepEqual(log.requests, ['/review/decide?a', '/review/undo?a', '/review/undo?a']);
  assert.deepEqual(log.spoken, ['undone']);
});

test('an undo that arrives too late shows a message', async (t) => {
  const late = [200, { state: 'late', text: 'too late', next: '/a' }];
  const { decisions, log } = appWith(t, { [DECIDE]: [accepted('a')], [UNDO]: [[0], late] });
  await decisions.send(decision('a'));
  await decisions.undo();
  await advance(t, 5000);
  assert.deepEqual(log.messages.at(-1), { id: 'a', text: 'A: too late', url: '/a' });
});

test('a refusal after a retry shows a message and keeps the draft', async (t) => {
  const refusal = [409, { error: 'changed', title: 'Changed', text: 'Look again' }];
  const { decisions, log } = appWith(t, { [DECIDE]: [[0], refusal, [404]] });
  decisions.drafts.merge('r-a', 1, { text: 'Темно' });
  await decisions.send(decision('a'));
  await advance(t, 5000);
  assert.deepEqual(log.messages, [{ id: 'a', text: 'A: Changed. Look again', url: '/review/report/r-a' }]);
  assert.equal(decisions.drafts.read('r-a', 2).text, 'Темно');
  const { outcome, data } = await decisions.send(decision('b'));
  decisions.finishInBackground(decision('b'), outcome, data);
  assert.equal(log.messages.at(-1).text, 'A: gone');
});

test('the bar says that a decision was sent only after it has taken effect', async (t) => {
  const states = [[200, { state: 'pending' }], [200, { state: 'void' }]];
  const { decisions, log } = appWith(t, { [DECIDE]: [accepted('a', 1000)], '/review/decision': states });
  await decisions.send(decision('a'));
  await advance(t, 1000);
  assert.equal(decisions.bar.sentence(), '');
  await advance(t, 1000);
  assert.equal(log.countLoads, 1);
  assert.equal(decisions.bar.sentence(), '');
});

test('the bar hides an effective decision after some seconds', async (t) => {
  const { decisions } = appWith(t, { [DECIDE]: [accepted('a', 1000)], '/review/decision': [[200, { state: 'effective' }]] });
  await decisions.send(decision('a'));
  await advance(t, 1000);
  assert.equal(decisions.bar.sentence(), 'A: sent');
  await advance(t, 5500);
  assert.equal(decisions.bar.sentence(), '');
});

test('queued decisions are kept after the end of the session, and the reviewer is asked to reload', async (t) => {
  const { decisions, log } = appWith(t, { [DECIDE]: [[0], [401]] });
  await decisions.send(decision('a'));
  await advance(t, 5000);
  await advance(t, 60_000);
  assert.deepEqual([log.stale, log.requests.length], [1, 2]);
  assert.ok(decisions.outbox.find('a'));
});
