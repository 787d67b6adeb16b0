import assert from 'node:assert/strict';
import test from 'node:test';

import { CHUNK, Sender } from '../../drive/sender.js';

/** Fake timers, which a test advances. */
class Clock {
  time = 1_000_000;
  #jobs = new Map();
  #next = 1;

  #add(action, wait, every) {
    this.#jobs.set(this.#next, { at: this.time + wait, action, every });
    return this.#next++;
  }

  setTimeout(action, wait) {
    return this.#add(action, wait, 0);
  }

  setInterval(action, wait) {
    return this.#add(action, wait, wait);
  }

  clearTimeout(id) {
    this.#jobs.delete(id);
  }

  clearInterval(id) {
    this.#jobs.delete(id);
  }

  async advance(milliseconds) {
    const end = this.time + milliseconds;
    for (;;) {
      const due = [...this.#jobs].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      const [id, job] = due;
      this.time = job.at;
      if (job.every) job.at += job.every;
      else this.#jobs.delete(id);
      job.action();
      await runMicrotasks();
    }
    this.time = end;
    await runMicrotasks();
  }
}

const runMicrotasks = async () => {
  for (let step = 0; step < 10; step++) await Promise.resolve();
};

const response = (status, headers = {}, body = '') => ({
  getStatus: () => status,
  getHeader: (name) => headers[name] ?? null,
  getBody: () => body,
});

const request = (method) => {
  const headers = {};
  return { getMethod: () => method, setHeader: (name, value) => (headers[name] = value), headers };
};

/** A sender with a fake tus-js-client. Tests call the upload's callbacks in place of the service. */
function setUp({ size = 10_000_000, recording = {}, ...more } = {}) {
  const clock = new Clock();
  const uploads = [];
  class Upload {
    constructor(file, options) {
      Object.assign(this, { file, options, url: options.uploadUrl ?? null, isAborted: false, isStarted: false });
      uploads.push(this);
    }

    start() {
      this.isStarted = true;
    }

    abort() {
      this.isAborted = true;
    }

    respond(method, status, headers, body) {
      const [sent, received] = [request(method), response(status, headers, body)];
      this.options.onBeforeRequest(sent);
      this.options.onAfterResponse(sent, received);
      return [sent, received];
    }

    fail(method, status, headers, body) {
      const [sent, received] = status ? this.respond(method, status, headers, body) : [request(method), null];
      this.options.onError({ originalRequest: sent, originalResponse: received });
    }
  }
  const [events, saved] = [[], []];
  const calls = { tokens: 0, renewed: 0, queried: [] };
  const deps = {
    tus: { Upload },
    endpoint: '/uploads',
    token: async () => {
      calls.tokens++;
      return 'token';
    },
    refreshToken: async () => {
      calls.renewed++;
    },
    uploadState: async (url) => {
      calls.queried.push(url);
      return null;
    },
    details: async () => ({ ref_key: 'r' }),
    readable: async () => true,
    save: (changes) => saved.push(changes),
    now: () => clock.time,
    timer: clock,
    random: () => 0.5,
    ...more,
  };
  const stored = { uploadUrl: null, acknowledged: 0, ...recording };
  const sender = new Sender({ size }, stored, deps, (event) => events.push(event));
  return { sender, clock, uploads, events, saved, calls, types: () => events.map(({ type }) => type) };
}

test('a creation has an endpoint and a token, a resumed upload has neither', async () => {
  const { sender, uploads, saved, clock } = setUp();
  await sender.start();
  const [first] = uploads;
  assert.equal(first.options.endpoint, '/uploads');
  assert.equal(first.options.uploadUrl, undefined);
  assert.equal(first.options.retryDelays, null);
  assert.equal(first.options.chunkSize, CHUNK);
  assert.equal(first.options.storeFingerprintForResuming, false);
  const [created] = first.respond('POST', 201, {});
  assert.equal(created.headers.Authorization, 'Bearer token');
  first.url = '/uploads/1.secret';
  first.options.onUploadUrlAvailable();
  assert.deepEqual(saved, [{ uploadUrl: '/uploads/1.secret' }]);
  first.fail('PATCH', 0);
  await clock.advance(0);
  const second = uploads[1];
  assert.equal(second.options.uploadUrl, '/uploads/1.secret');
  assert.ok(!('endpoint' in second.options));
  const [resumed] = second.respond('HEAD', 200, { 'Upload-Offset': '5' });
  assert.equal(resumed.headers.Authorization, undefined);
});

test('only acknowledged bytes count as progress', async () => {
  const { sender, uploads, saved } = setUp({ recording: { uploadUrl: '/u' } });
  await sender.start();
  uploads[0].options.onProgress(4_000_000);
  assert.equal(sender.progress.acknowledged, 0);
  uploads[0].respond('PATCH', 204, { 'Upload-Offset': '4194304' });
  assert.equal(sender.progress.acknowledged, 4_194_304);
  assert.deepEqual(saved.at(-1), { acknowledged: 4_194_304 });
});

test('retries never end without a network', async () => {
  const { sender, uploads, clock, types } = setUp({ recording: { uploadUrl: '/u' } });
  await sender.start();
  for (let failure = 0; failure < 50; failure++) {
    uploads.at(-1).fail('HEAD', 0);
    await clock.advance(75_000);
  }
  assert.ok(uploads.length > 50);
  assert.ok(!types().includes('failed'));
});

test('twenty seconds without activity abort the request and start a new attempt', async () => {
  const { sender, uploads, clock, events } = setUp({ recording: { uploadUrl: '/u' } });
  await sender.start();
  uploads[0].options.onProgress(100);
  await clock.advance(19_000);
  uploads[0].options.onProgress(200);
  await clock.advance(19_000);
  assert.equal(uploads[0].isAborted, false);
  await clock.advance(2_000);
  assert.equal(uploads[0].isAborted, true);
  assert.equal(events.find(({ type }) => type === 'waiting').reason, 'stalled');
  await clock.advance(0);
  assert.equal(uploads.length, 2);
});

test('the stall timeout is longer after the body was sent', async () => {
  const { sender, uploads, clock, types } = setUp({ size: 1000, recording: { uploadUrl: '/u' } });
  await sender.start();
  uploads[0].options.onProgress(1000);
  await clock.advance(40_000);
  assert.equal(uploads[0].isAborted, false);
  assert.ok(types().includes('storing'));
  await clock.advance(21_000);
  assert.equal(uploads[0].isAborted, true);
});

test('events of an aborted attempt are ignored', async () => {
  const { sender, uploads, clock, types } = setUp({ recording: { uploadUrl: '/u' } });
  await sender.start();
  await clock.advance(21_000);
  uploads[0].options.onSuccess();
  uploads[0].fail('PATCH', 422, {}, '{"data":{"error":"video_refused"}}');
  assert.ok(!types().includes('done') && !types().includes('refused'));
});

test('a wake-up event ends the backoff and restarts an idle request', async () => {
  const { sender, uploads, clock } = setUp({ recording: { uploadUrl: '/u' } });
  await sender.start();
  for (let failure = 0; failure < 7; failure++) {
    uploads.at(-1).fail('HEAD', 0);
    await clock.advance(40_000);
  }
  const before = uploads.length;
  uploads.at(-1).fail('HEAD', 0);
  sender.wake();
  await runMicrotasks();
  assert.equal(uploads.length, before + 1);
  sender.wake();
  await runMicrotasks();
  assert.equal(uploads.length, before + 1, 'an active request is not restarted');
  await clock.advance(6_000);
  sender.wake();
  await clock.advance(75_000);
  assert.ok(uploads.length > before + 1);
});

test('a locked upload and an unavailable service are retried after Retry-After', async () => {
  for (const status of [423, 503, 507, 429]) {
    const { sender, uploads, clock, events } = setUp({ recording: { uploadUrl: '/u' } });
    await sender.start();
    uploads[0].fail('HEAD', status, { 'Retry-After': '7' });
    assert.equal(events.at(-1).type, 'waiting');
    assert.deepEqual([events.at(-1).seconds, events.at(-1).reason], [7, 'service']);
    await clock.advance(6_900);
    assert.equal(uploads.length, 1);
    await clock.advance(200);
    assert.equal(uploads.length, 2);
  }
});

test('a wrong offset resumes at the offset of the server', async () => {
  const { sender, uploads, clock } = setUp({ recording: { uploadUrl: '/u' } });
  await sender.start();
  uploads[0].fail('PATCH', 409, { 'Upload-Offset': '3' });
  await clock.advance(0);
  assert.equal(uploads[1].options.uploadUrl, '/u');
});

test('an unknown upload is created again', async () => {
  const { sender, uploads, clock, saved, types } = setUp({ recording: { uploadUrl: '/u', acknowledged: 7 } });
  await sender.start();
  uploads[0].fail('HEAD', 404);
  await clock.advance(0);
  assert.deepEqual(saved.at(-1), { uploadUrl: null, acknowledged: 0 });
  assert.ok(types().includes('restarted'));
  assert.equal(uploads[1].options.endpoint, '/uploads');
});

test('the state of an ended upload is requested', async () => {
  const refusal = { code: 'NOT_MP4' };
  const queried = [];
  const { sender, uploads, events } = setUp({
    recording: { uploadUrl: '/u' },
    uploadState: async (url) => (queried.push(url), { state: 'refused', refusal }),
  });
  await sender.start();
  uploads[0].fail('HEAD', 410);
  await runMicrotasks();
  assert.deepEqual(queried, ['/u']);
  assert.equal(events.at(-1).type, 'refused');
  assert.deepEqual(events.at(-1).problem.details, refusal);
  const stored = setUp({ recording: { uploadUrl: '/u' }, uploadState: async () => ({ submission_id: 's' }) });
  await stored.sender.start();
  stored.uploads[0].fail('HEAD', 410);
  await runMicrotasks();
  assert.deepEqual([stored.events.at(-1).type, stored.events.at(-1).submission], ['done', 's']);
});

test('refusals, a submitted report and a closed report are final', async () => {
  const cases = [
    ['video_refused', 422, 'refused'],
    ['video_reused', 422, 'refused'],
    ['not_mp4', 415, 'refused'],
    ['file_too_large', 413, 'refused'],
    ['report_already_submitted', 422, 'already'],
    ['report_closed', 422, 'closed'],
    ['validation_failed', 422, 'failed'],
  ];
  for (const [error, status, end] of cases) {
    const { sender, uploads, events, clock } = setUp();
    await sender.start();
    uploads[0].fail('POST', status, {}, JSON.stringify({ data: { error, details: {} } }));
    assert.equal(events.at(-1).type, end, error);
    await clock.advance(600_000);
    assert.equal(uploads.length, 1, 'no retry');
  }
});

test('an expired token is renewed, an ended session stops the upload', async () => {
  const { sender, uploads, clock, calls } = setUp();
  await sender.start();
  uploads[0].fail('POST', 401);
  await runMicrotasks();
  await clock.advance(0);
  assert.equal(calls.renewed, 1);
  assert.equal(uploads.length, 2);
  const ended = setUp({ token: async () => Promise.reject(new Error('signed_out')) });
  await ended.sender.start();
  assert.deepEqual(ended.types(), ['signedOut']);
  const other = setUp({ token: async () => Promise.reject(new Error('other_session')) });
  await other.sender.start();
  assert.deepEqual(other.types(), ['otherSession']);
  const offline = setUp({ token: async () => Promise.reject(new TypeError('fetch failed')) });
  await offline.sender.start();
  assert.deepEqual(offline.types(), ['waiting']);
});

test('an unreadable file is not retried as a network error', async () => {
  const { sender, uploads, types } = setUp({ readable: async () => false });
  await sender.start();
  assert.deepEqual(types(), ['unreadable']);
  assert.equal(uploads.length, 0);
});

test('a pause aborts the request, and a resumption starts a new attempt', async () => {
  const { sender, uploads, clock } = setUp({ recording: { uploadUrl: '/u' } });
  await sender.start();
  sender.pause();
  assert.equal(uploads[0].isAborted, true);
  await clock.advance(600_000);
  assert.equal(uploads.length, 1);
  await sender.start();
  assert.equal(uploads.length, 2);
});

test('nothing is sent after success', async () => {
  const { sender, uploads, events } = setUp({ size: 10, recording: { uploadUrl: '/u' } });
  await sender.start();
  uploads[0].respond('PATCH', 204, { 'Upload-Offset': '10' });
  uploads[0].options.onSuccess();
  assert.equal(events.at(-1).type, 'done');
  assert.equal(sender.progress.percent, 100);
  await sender.start();
  assert.equal(uploads.length, 1);
});
