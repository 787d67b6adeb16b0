import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Texts } from '../../shared/data.js';
import { Decisions } from '../../review/decisions.js';
import { SafeStorage } from '../../review/page.js';
import { fakeStorage } from './storage.js';

/** The form of the bar, as far as it is used. */
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

/** What all pages have, with answers of the server by path: a list of `[status, data]`, or promises of them. */
function appWith(t, answers, { shared = fakeStorage() } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_000_000 });
  const bar = form();
  globalThis.document = { querySelector: () => bar };
  const log = { requests: [], messages: [], went: [], stale: 0, counted: 0, spoken: [] };
  const response = async (path) => {
    log.requests.push(path);
    const [status, data = {}] = (await answers[path.split('?')[0]]?.shift()) ?? [0];
    return { status, data };
  };
  const app = {
    texts,
    storage: new SafeStorage(shared),
    api: { post: (path, body) => response(`${path}?${body.get('id')}`), get: response },
    announcer: { polite: (text) => log.spoken.push(text) },
    messages: { add: (message) => log.messages.push(message), show: (message) => log.messages.push(message), close: () => {} },
    counts: { load: () => { log.counted += 1; } },
    go: async (url) => log.went.push(url),
    stale: () => { log.stale += 1; },
    signedOut: () => {},
  };
  app.decisions = new Decisions(app, { person: 7, now: 0 });
  return { app, decisions: app.decisions, log };
}

const DECIDE = '/review/decide';
const UNDO = '/review/undo';
const decision = (id) => ({ id, pairs: [['id', id]], plate: 'A', decision: 'approve', refKey: `r-${id}`, version: 1, url: `/review/report/r-${id}` });
const made = (id, effectiveAt = 10_000) => [200, { undo: { id, plate: 'A', decision: 'approve', effectiveAt }, next: '/review' }];

/** Lets what is under way go on. */
async function pass(t, milliseconds) {
  t.mock.timers.tick(milliseconds);
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test('a decision that a restarting server has refused is sent again, although the browser was never offline', async (t) => {
  const { decisions, log } = appWith(t, { [DECIDE]: [[503], made('a')] });
  assert.equal((await decisions.send(decision('a'))).outcome, 'later');
  await pass(t, 5000);
  assert.deepEqual(log.requests, ['/review/decide?a', '/review/decide?a']);
  assert.equal(decisions.outbox.isEmpty, true);
});

test('U while a decision is being sent undoes that one, not the one before', async (t) => {
  let answered;
  const slow = new Promise((resolve) => { answered = resolve; });
  const { decisions, log } = appWith(t, { [DECIDE]: [made('a'), slow], [UNDO]: [[200, { state: 'undone', next: '/b' }]] });
  await decisions.send(decision('a'));
  const sent = decisions.send(decision('b'));
  await pass(t, 0);
  await decisions.undo();
  answered(made('b'));
  assert.equal((await sent).outcome, 'withdrawn');
  assert.deepEqual(log.requests.at(-1), '/review/undo?b');
  assert.deepEqual(log.went, ['/b']);
  assert.equal(decisions.bar.current, null);
});

test('a decision without an answer is undone on the server too', async (t) => {
  const { decisions, log } = appWith(t, { [DECIDE]: [[0]], [UNDO]: [[0], [200, { state: 'undone', text: 'undone' }]] });
  await decisions.send(decision('a'));
  await decisions.undo();
  assert.equal(decisions.outbox.find('a').kind, 'undo');
  await pass(t, 5000);
  assert.deepEqual(log.requests, ['/review/decide?a', '/review/undo?a', '/review/undo?a']);
  assert.deepEqual(log.spoken, ['undone']);
});

test('an undo that arrives too late is said', async (t) => {
  const late = [200, { state: 'late', text: 'too late', next: '/a' }];
  const { decisions, log } = appWith(t, { [DECIDE]: [made('a')], [UNDO]: [[0], late] });
  await decisions.send(decision('a'));
  await decisions.undo();
  await pass(t, 5000);
  assert.deepEqual(log.messages.at(-1), { id: 'a', text: 'A: too late', url: '/a' });
});

test('a decision that is refused later is said, and its draft is kept', async (t) => {
  const refusal = [409, { error: 'changed', title: 'Changed', text: 'Look again' }];
  const { decisions, log } = appWith(t, { [DECIDE]: [[0], refusal, [404]] });
  decisions.drafts.merge('r-a', 1, { text: 'Темно' });
  await decisions.send(decision('a'));
  await pass(t, 5000);
  assert.deepEqual(log.messages, [{ id: 'a', text: 'A: Changed. Look again', url: '/review/report/r-a' }]);
  assert.equal(decisions.drafts.read('r-a', 2).text, 'Темно');
  const { outcome, data } = await decisions.send(decision('b'));
  decisions.left(decision('b'), outcome, data);
  assert.equal(log.messages.at(-1).text, 'A: gone');
});

test('only a decision that has taken effect is said to be sent', async (t) => {
  const states = [[200, { state: 'pending' }], [200, { state: 'void' }]];
  const { decisions, log } = appWith(t, { [DECIDE]: [made('a', 1000)], '/review/decision': states });
  await decisions.send(decision('a'));
  await pass(t, 1000);
  assert.equal(decisions.bar.sentence(), '');
  await pass(t, 1000);
  assert.equal(log.counted, 1);
  assert.equal(decisions.bar.sentence(), '');
});

test('an effective decision is said to be sent for a while', async (t) => {
  const { decisions } = appWith(t, { [DECIDE]: [made('a', 1000)], '/review/decision': [[200, { state: 'effective' }]] });
  await decisions.send(decision('a'));
  await pass(t, 1000);
  assert.equal(decisions.bar.sentence(), 'A: sent');
  await pass(t, 5500);
  assert.equal(decisions.bar.sentence(), '');
});

test('what waits after the end of a session is kept, and the person is asked to reload', async (t) => {
  const { decisions, log } = appWith(t, { [DECIDE]: [[0], [401]] });
  await decisions.send(decision('a'));
  await pass(t, 5000);
  await pass(t, 60_000);
  assert.deepEqual([log.stale, log.requests.length], [1, 2]);
  assert.ok(decisions.outbox.find('a'));
});
