import assert from 'node:assert/strict';
import test from 'node:test';

import { CHUNK, Sender } from '../../drive/sender.js';

/** Timers that run only when a test moves the time. */
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

  async pass(milliseconds) {
    const end = this.time + milliseconds;
    for (;;) {
      const due = [...this.#jobs].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      const [id, job] = due;
      this.time = job.at;
      if (job.every) job.at += job.every;
      else this.#jobs.delete(id);
      job.action();
      await settle();
    }
    this.time = end;
    await settle();
  }
}

const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
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

/** A scene with a scripted tus-js-client: tests play the service by the upload's options. */
function scene({ size = 10_000_000, recording = {}, ...more } = {}) {
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

    answer(method, status, headers, body) {
      const [asked, answered] = [request(method), response(status, headers, body)];
      this.options.onBeforeRequest(asked);
      this.options.onAfterResponse(asked, answered);
      return [asked, answered];
    }

    fail(method, status, headers, body) {
      const [asked, answered] = status ? this.answer(method, status, headers, body) : [request(method), null];
      this.options.onError({ originalRequest: asked, originalResponse: answered });
    }
  }
  const [events, saved] = [[], []];
  const calls = { tokens: 0, renewed: 0, looked: [] };
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
      calls.looked.push(url);
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

test('a creation has an endpoint and a token, a resumption neither', async () => {
  const { sender, uploads, saved, clock } = scene();
  await sender.start();
  const [first] = uploads;
  assert.equal(first.options.endpoint, '/uploads');
  assert.equal(first.options.uploadUrl, undefined);
  assert.equal(first.options.retryDelays, null);
  assert.equal(first.options.chunkSize, CHUNK);
  assert.equal(first.options.storeFingerprintForResuming, false);
  const [asked] = first.answer('POST', 201, {});
  assert.equal(asked.headers.Authorization, 'Bearer token');
  first.url = '/uploads/1.secret';
  first.options.onUploadUrlAvailable();
  assert.deepEqual(saved, [{ uploadUrl: '/uploads/1.secret' }]);
  first.fail('PATCH', 0);
  await clock.pass(0);
  const second = uploads[1];
  assert.equal(second.options.uploadUrl, '/uploads/1.secret');
  assert.ok(!('endpoint' in second.options));
  const [resumed] = second.answer('HEAD', 200, { 'Upload-Offset': '5' });
  assert.equal(resumed.headers.Authorization, undefined);
});

test('only acknowledged bytes are progress', async () => {
  const { sender, uploads, saved } = scene({ recording: { uploadUrl: '/u' } });
  await sender.start();
  uploads[0].options.onProgress(4_000_000);
  assert.equal(sender.progress.acknowledged, 0);
  uploads[0].answer('PATCH', 204, { 'Upload-Offset': '4194304' });
  assert.equal(sender.progress.acknowledged, 4_194_304);
  assert.deepEqual(saved.at(-1), { acknowledged: 4_194_304 });
});

test('attempts never end while the network is away', async () => {
  const { sender, uploads, clock, types } = scene({ recording: { uploadUrl: '/u' } });
  await sender.start();
  for (let failure = 0; failure < 50; failure++) {
    uploads.at(-1).fail('HEAD', 0);
    await clock.pass(75_000);
  }
  assert.ok(uploads.length > 50);
  assert.ok(!types().includes('failed'));
});

test('twenty seconds without a sign of life abort the request and ask for the offset', async () => {
  const { sender, uploads, clock, events } = scene({ recording: { uploadUrl: '/u' } });
  await sender.start();
  uploads[0].options.onProgress(100);
  await clock.pass(19_000);
  uploads[0].options.onProgress(200);
  await clock.pass(19_000);
  assert.equal(uploads[0].isAborted, false);
  await clock.pass(2_000);
  assert.equal(uploads[0].isAborted, true);
  assert.equal(events.find(({ type }) => type === 'waiting').reason, 'stalled');
  await clock.pass(0);
  assert.equal(uploads.length, 2);
});

test('the service may take longer once it has all bytes of a request', async () => {
  const { sender, uploads, clock, types } = scene({ size: 1000, recording: { uploadUrl: '/u' } });
  await sender.start();
  uploads[0].options.onProgress(1000);
  await clock.pass(40_000);
  assert.equal(uploads[0].isAborted, false);
  assert.ok(types().includes('storing'));
  await clock.pass(21_000);
  assert.equal(uploads[0].isAborted, true);
});

test('what an abandoned attempt still says is not heard', async () => {
  const { sender, uploads, clock, types } = scene({ recording: { uploadUrl: '/u' } });
  await sender.start();
  await clock.pass(21_000);
  uploads[0].options.onSuccess();
  uploads[0].fail('PATCH', 422, {}, '{"data":{"error":"video_refused"}}');
  assert.ok(!types().includes('done') && !types().includes('refused'));
});

test('a network that is back shortens the wait and raises doubts about a silent request', async () => {
  const { sender, uploads, clock } = scene({ recording: { uploadUrl: '/u' } });
  await sender.start();
  for (let failure = 0; failure < 7; failure++) {
    uploads.at(-1).fail('HEAD', 0);
    await clock.pass(40_000);
  }
  const before = uploads.length;
  uploads.at(-1).fail('HEAD', 0);
  sender.wake();
  await settle();
  assert.equal(uploads.length, before + 1);
  sender.wake();
  await settle();
  assert.equal(uploads.length, before + 1, 'a running request is left alone at first');
  await clock.pass(6_000);
  sender.wake();
  await clock.pass(75_000);
  assert.ok(uploads.length > before + 1);
});

test('a locked upload and a service without a store are waited for as long as it says', async () => {
  for (const status of [423, 503, 507, 429]) {
    const { sender, uploads, clock, events } = scene({ recording: { uploadUrl: '/u' } });
    await sender.start();
    uploads[0].fail('HEAD', status, { 'Retry-After': '7' });
    assert.equal(events.at(-1).type, 'waiting');
    assert.deepEqual([events.at(-1).seconds, events.at(-1).reason], [7, 'service']);
    await clock.pass(6_900);
    assert.equal(uploads.length, 1);
    await clock.pass(200);
    assert.equal(uploads.length, 2);
  }
});

test('a wrong offset asks for the right one', async () => {
  const { sender, uploads, clock } = scene({ recording: { uploadUrl: '/u' } });
  await sender.start();
  uploads[0].fail('PATCH', 409, { 'Upload-Offset': '3' });
  await clock.pass(0);
  assert.equal(uploads[1].options.uploadUrl, '/u');
});

test('an upload that the service does not know any more begins anew', async () => {
  const { sender, uploads, clock, saved, types } = scene({ recording: { uploadUrl: '/u', acknowledged: 7 } });
  await sender.start();
  uploads[0].fail('HEAD', 404);
  await clock.pass(0);
  assert.deepEqual(saved.at(-1), { uploadUrl: null, acknowledged: 0 });
  assert.ok(types().includes('restarted'));
  assert.equal(uploads[1].options.endpoint, '/uploads');
});

test('an ended upload is asked how it ended', async () => {
  const refusal = { code: 'NOT_MP4' };
  const asked = [];
  const { sender, uploads, events } = scene({
    recording: { uploadUrl: '/u' },
    uploadState: async (url) => (asked.push(url), { state: 'refused', refusal }),
  });
  await sender.start();
  uploads[0].fail('HEAD', 410);
  await settle();
  assert.deepEqual(asked, ['/u']);
  assert.equal(events.at(-1).type, 'refused');
  assert.deepEqual(events.at(-1).problem.details, refusal);
  const stored = scene({ recording: { uploadUrl: '/u' }, uploadState: async () => ({ submission_id: 's' }) });
  await stored.sender.start();
  stored.uploads[0].fail('HEAD', 410);
  await settle();
  assert.deepEqual([stored.events.at(-1).type, stored.events.at(-1).submission], ['done', 's']);
});

test('refusals, a submitted and a closed report end the sending', async () => {
  const ends = [
    ['video_refused', 422, 'refused'],
    ['video_reused', 422, 'refused'],
    ['not_mp4', 415, 'refused'],
    ['file_too_large', 413, 'refused'],
    ['report_already_submitted', 422, 'already'],
    ['report_closed', 422, 'closed'],
    ['validation_failed', 422, 'failed'],
  ];
  for (const [error, status, end] of ends) {
    const { sender, uploads, events, clock } = scene();
    await sender.start();
    uploads[0].fail('POST', status, {}, JSON.stringify({ data: { error, details: {} } }));
    assert.equal(events.at(-1).type, end, error);
    await clock.pass(600_000);
    assert.equal(uploads.length, 1, 'and is final');
  }
});

test('an expired token is renewed; an ended session keeps the video', async () => {
  const { sender, uploads, clock, calls } = scene();
  await sender.start();
  uploads[0].fail('POST', 401);
  await settle();
  await clock.pass(0);
  assert.equal(calls.renewed, 1);
  assert.equal(uploads.length, 2);
  const ended = scene({ token: async () => Promise.reject(new Error('signed_out')) });
  await ended.sender.start();
  assert.deepEqual(ended.types(), ['signedOut']);
  const other = scene({ token: async () => Promise.reject(new Error('other_session')) });
  await other.sender.start();
  assert.deepEqual(other.types(), ['otherSession']);
  const offline = scene({ token: async () => Promise.reject(new TypeError('fetch failed')) });
  await offline.sender.start();
  assert.deepEqual(offline.types(), ['waiting']);
});

test('a file that cannot be read any more is no network trouble', async () => {
  const { sender, uploads, types } = scene({ readable: async () => false });
  await sender.start();
  assert.deepEqual(types(), ['unreadable']);
  assert.equal(uploads.length, 0);
});

test('a pause ends the request, and going on asks for the offset', async () => {
  const { sender, uploads, clock } = scene({ recording: { uploadUrl: '/u' } });
  await sender.start();
  sender.pause();
  assert.equal(uploads[0].isAborted, true);
  await clock.pass(600_000);
  assert.equal(uploads.length, 1);
  await sender.start();
  assert.equal(uploads.length, 2);
});

test('success is the end', async () => {
  const { sender, uploads, events } = scene({ size: 10, recording: { uploadUrl: '/u' } });
  await sender.start();
  uploads[0].answer('PATCH', 204, { 'Upload-Offset': '10' });
  uploads[0].options.onSuccess();
  assert.equal(events.at(-1).type, 'done');
  assert.equal(sender.progress.percent, 100);
  await sender.start();
  assert.equal(uploads.length, 1);
});
