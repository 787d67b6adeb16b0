import assert from 'node:assert/strict';
import test from 'node:test';

import { Api } from '../../drive/api.js';
import { outcomeOf } from '../../drive/finish.js';
import { recordOutcome } from '../../drive/job.js';
import { cleanUp, inspectRecording, othersNotice, refuseUnsent } from '../../drive/kept.js';
import { filmLock } from '../../drive/locks.js';
import { belongsTo, newRecording } from '../../drive/recordings.js';
import { RecordingStore } from '../../drive/store.js';
import { displayName, isSamePerson, loadIdentity, saveIdentity } from '../../drive/who.js';

const SERIK = { name: 'Серик', mobile: '+7 701 111 22 33' };
const NAMESAKE = { name: 'Серик', mobile: '+7 702 444 55 66' };
const IVAN = { name: 'Иван', mobile: '87781578800' };

const locksWith = (...names) => ({ query: async () => ({ held: names.map((name) => ({ name })) }) });
const named = (name) => Object.assign(new Error(name), { name });

test('an identity is compared by name and number, regardless of formatting', () => {
  assert.ok(isSamePerson(SERIK, { name: ' серик ', mobile: '8 (701) 111-22-33' }));
  assert.ok(!isSamePerson(SERIK, NAMESAKE));
  assert.ok(!isSamePerson(SERIK, { ...SERIK, name: 'Айбек' }));
  assert.ok(!isSamePerson(SERIK, null));
  assert.equal(displayName(SERIK), 'Серик (…2233)');
});

test('identities are stored separately for links and sign-ins', () => {
  const storage = new Map();
  const local = { getItem: (name) => storage.get(name) ?? null, setItem: (name, value) => storage.set(name, value), removeItem: (name) => storage.delete(name) };
  saveIdentity('film', SERIK, local);
  saveIdentity('drive', IVAN, local);
  assert.deepEqual([loadIdentity('film', local), loadIdentity('drive', local)], [SERIK, IVAN]);
  // A director states nothing.
  saveIdentity('drive', null, local);
  assert.equal(loadIdentity('drive', local), null);
});

test('a recording does not belong to another driver on the same phone', () => {
  const byLink = newRecording({ owner: '-7', filmedBy: SERIK });
  assert.ok(belongsTo(byLink, { owner: '-7', identity: SERIK }));
  assert.ok(!belongsTo(byLink, { owner: '-7', identity: IVAN }), 'the same link');
  assert.ok(!belongsTo(byLink, { owner: '-7', identity: NAMESAKE }), 'the same name');
  assert.ok(!belongsTo(byLink, { owner: '5', identity: IVAN }), 'an account');
  assert.ok(!belongsTo(byLink, { owner: '6', identity: null }), 'a director');
  assert.ok(belongsTo(byLink, { owner: '-8', identity: SERIK }), 'the next link');
  assert.ok(belongsTo(byLink, { owner: '4', identity: SERIK }), 'the same driver, signed in');
  assert.ok(!belongsTo(byLink, { owner: '4', identity: SERIK }, false), 'not for a report of others');
  const signedIn = newRecording({ owner: '5', filmedBy: IVAN });
  assert.ok(belongsTo(signedIn, { owner: '5', identity: null }), 'an account is one person');
  assert.ok(!belongsTo(signedIn, { owner: '-7', identity: SERIK }));
});

test('the notice names other drivers with unsent videos', () => {
  const texts = { get: (key, { name }) => `${key}: ${name}` };
  const isOwn = ({ filmedBy }) => filmedBy === IVAN;
  const stored = [newRecording({ filmedBy: SERIK }), newRecording({ filmedBy: SERIK }), newRecording({ filmedBy: IVAN })];
  assert.equal(othersNotice({ texts, isOwn }, stored), 'drive.kept_other: Серик (…2233)');
  assert.equal(othersNotice({ texts, isOwn }, [stored[2], { ...stored[0], state: 'sent' }]), '');
});

test('an unreadable file is not reported as lost', async () => {
  const recording = newRecording({ id: '1', state: 'recording', name: '1.mp4' });
  const context = (fileOf, ...held) => ({ fileOf, locks: locksWith(...held) });
  const fails = async () => Promise.reject(named('UnknownError'));
  assert.deepEqual(await inspectRecording(context(fails), recording), { state: 'unreadable', file: null });
  assert.equal((await inspectRecording(context(async () => null), recording)).state, 'empty');
  assert.equal((await inspectRecording(context(async () => ({ size: 5 })), recording)).state, 'crashed');
  assert.equal((await inspectRecording(context(fails, filmLock('1')), recording)).state, 'live');
});

test('orphaned files are removed, files of recordings and of other tabs are not', async () => {
  const removed = [];
  const context = {
    store: { all: async () => [newRecording({ id: 'a', name: 'a.mp4' })] },
    files: { names: async () => ['a.mp4', 'b.mp4', 'c.mp4'], remove: async (name) => removed.push(name) },
    locks: locksWith(filmLock('b')),
    discard: async () => {},
  };
  await cleanUp(context, []);
  assert.deepEqual(removed, ['c.mp4']);
  const broken = { ...context, store: { all: async () => Promise.reject(named('UnknownError')) } };
  await cleanUp(broken, []);
  assert.deepEqual(removed, ['c.mp4'], 'nothing is removed if the recordings cannot be read');
});

test('a failed repair keeps the recording', async () => {
  const recording = { name: 'a.mp4', file: 'opfs' };
  const end = (reason, repair, isSaved = true) => outcomeOf({ repair }, recording, { isSaved, savedBytes: 9, reason });
  const never = async () => assert.fail('it is whole');
  assert.deepEqual(await end('user', never), { outcome: 'saved', size: 9 });
  assert.deepEqual(await end('quota', async () => 5), { outcome: 'saved', size: 5 });
  assert.deepEqual(await end('failed', async () => 0), { outcome: 'empty', size: 0 });
  assert.deepEqual(await end('quota', async () => Promise.reject(named('NoModificationAllowedError'))), { outcome: 'unreadable', size: 9 });
  assert.equal((await end('quota', never, false)).outcome, 'empty');
});

test('a final response is stored, also that of a preflight', async () => {
  const stored = [];
  const dropped = [];
  const context = { store: { put: async ({ state }) => stored.push(state) }, deleteFile: async ({ id }) => dropped.push(id) };
  const recording = newRecording({ id: '1', sha256: 'abc' });
  const already = { type: 'already', problem: { error: 'report_already_submitted', details: { sha256: 'abc' } } };
  assert.equal((await recordOutcome(context, recording, already)).type, 'done', 'the response to the upload was lost');
  assert.deepEqual([stored, dropped], [['sent'], ['1']]);
  const other = newRecording({ id: '2', sha256: 'def' });
  assert.equal((await recordOutcome(context, other, already)).type, 'already');
  assert.deepEqual([stored, dropped], [['sent', 'refused'], ['1']]);
  const waiting = { type: 'waiting' };
  assert.equal(await recordOutcome(context, other, waiting), waiting);
});

test('unsent recordings of a closed report are marked as refused', async () => {
  const states = async (kind) => {
    const of = (id, state, owner = 'me') => newRecording({ id, refKey: 'a', state, owner });
    const stored = [of('1', 'ready'), of('2', 'sending'), of('3', 'recording'), of('4', 'recording'), of('5', 'ready', 'you')];
    const context = {
      kind, report: { ref_key: 'a' }, locks: locksWith(filmLock('4')), isOwn: ({ owner }) => owner === 'me',
      store: { all: async () => stored, put: async () => {} }, discard: async () => {},
    };
    await refuseUnsent(context);
    return stored.map(({ state }) => state).join(' ');
  };
  assert.equal(await states('drive'), 'refused sending refused recording ready');
  assert.equal(await states('film'), 'refused refused refused recording ready');
});

test('a closed database connection is reopened', async () => {
  const opened = [];
  const factory = {
    open() {
      const request = {};
      const database = { isClosed: false, close() {} };
      opened.push(database);
      database.transaction = () => {
        if (database.isClosed) throw named('InvalidStateError');
        const transaction = { objectStore: () => ({ put: () => ({ result: 'kept' }) }) };
        queueMicrotask(() => transaction.oncomplete());
        return transaction;
      };
      queueMicrotask(() => request.onsuccess());
      return Object.assign(request, { result: database });
    },
  };
  const store = new RecordingStore(factory);
  assert.equal(await store.put({ id: '1' }), 'kept');
  opened[0].onclose();
  assert.equal(await store.put({ id: '1' }), 'kept');
  // Without an event, as iPhones close it in the background.
  opened[1].isClosed = true;
  assert.equal(await store.put({ id: '1' }), 'kept');
  assert.equal(opened.length, 3);
});

test('the session of another driver is distinguished from an ended session', async () => {
  const apiWith = (status, error) => new Api({
    language: 'ru', csrf: 'c', kind: 'drive',
    fetch: async () => new Response(JSON.stringify({ data: { error } }), { status }),
  });
  await assert.rejects(apiWith(403, 'csrf_invalid').token(), /other_session/);
  await assert.rejects(apiWith(401, 'session_missing').token(), /signed_out/);
});
