// Sends one recording by tus-js-client, without that library's own ideas of retries.
//
// Each attempt is a new `tus.Upload`. An attempt that knows the upload's address has no `endpoint`: with one,
// the library would begin anew after any odd answer. It stores nothing by itself, so that two recordings of
// equal size cannot be taken for one.

import { Progress } from './progress.js';
import { backoff, hasStalled, nextStep, retryAfterOf } from './retry.js';
import { terminalEventOf } from './refusals.js';

export const CHUNK = 4 * 2 ** 20;

/** How often a running request is looked at. */
const WATCH = 1000;
/** After a wake-up, a request without progress for so long is not trusted any more. */
const DOUBT = 5000;

/**
 * `deps`: `tus`, `endpoint`, `token()` (resolves with an access token; rejects with `signed_out` or
 * `other_session`), `refreshToken()`, `look(url)` (the upload's state as JSON), `save(changes)` (persists them),
 * `details()` (metadata of a creation), `readable()` (whether the file can be read), `now()`, `timer`.
 *
 * `listen(event)` hears: `progress`, `waiting` {seconds, reason}, `sending`, `storing`, `restarted`,
 * `done`, `refused` {problem}, `already`, `closed`, `signedOut`, `otherSession`, `unreadable`, `failed` {problem}.
 */
export class Sender {
  #attempt = 0;
  #upload = null;
  #failures = 0;
  #watch = null;
  #wait = null;
  #lastProgressAt = 0;
  #isBodySent = false;
  #state = 'idle';

  constructor(file, recording, deps, onEvent) {
    this.file = file;
    this.url = recording.uploadUrl;
    this.deps = { timer: globalThis, now: Date.now, random: Math.random, ...deps };
    this.onEvent = onEvent;
    this.progress = new Progress(file.size);
    this.progress.acknowledged = recording.acknowledged ?? 0;
  }

  get state() {
    return this.#state;
  }

  /** Begins, or goes on after a pause. */
  start() {
    if (this.#state === 'running' || this.#state === 'waiting' || this.#isOver()) return;
    this.#failures = 0;
    return this.#begin();
  }

  /** Pauses. What the service has acknowledged stays there for a day. */
  pause() {
    if (this.#isOver()) return;
    this.#end('paused');
  }

  /**
   * The network is back, or the page is seen again: try at once. Such signals lie in both directions, so they
   * only shorten a wait or raise a doubt.
   */
  wake() {
    if (this.#state === 'waiting') {
      this.#begin();
    } else if (this.#state === 'running') {
      const silent = this.deps.now() - this.#lastProgressAt;
      if (silent >= DOUBT && !this.#isBodySent) this.#again('stalled');
    }
  }

  #isOver() {
    return this.#state === 'over';
  }

  #say(type, more = {}) {
    this.onEvent({ type, progress: this.progress, ...more });
  }

  async #begin() {
    const attempt = this.#end('running');
    const isCurrent = () => attempt === this.#attempt && this.#state === 'running';
    if (!(await this.deps.readable())) {
      if (isCurrent()) this.#finish('unreadable');
      return;
    }
    const headers = {};
    let metadata = {};
    if (!this.url) {
      try {
        headers.Authorization = `Bearer ${await this.deps.token()}`;
        metadata = await this.deps.details();
      } catch (error) {
        if (isCurrent()) this.#tokenFailed(error);
        return;
      }
    }
    if (!isCurrent()) return;
    this.#touch(false);
    this.#say('sending');
    this.#upload = this.#newUpload(isCurrent, headers, metadata);
    this.#watch = this.deps.timer.setInterval(() => this.#look(), WATCH);
    this.#upload.start();
  }

  #newUpload(isCurrent, headers, metadata) {
    const guarded = (action) => (...values) => (isCurrent() ? action(...values) : undefined);
    const upload = new this.deps.tus.Upload(this.file, {
      ...(this.url ? { uploadUrl: this.url } : { endpoint: this.deps.endpoint }),
      metadata,
      headers: {},
      chunkSize: CHUNK,
      retryDelays: null,
      storeFingerprintForResuming: false,
      fingerprint: async () => null,
      // The secret in the address is enough afterwards, and a token would expire meanwhile.
      onBeforeRequest: (request) => {
        if (request.getMethod() === 'POST') {
          for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
        }
        this.#touch(false);
      },
      onAfterResponse: guarded((request, response) => this.#heard(request, response)),
      onUploadUrlAvailable: guarded(() => this.#address(upload.url)),
      onProgress: guarded((sent) => this.#handed(sent)),
      onSuccess: guarded(() => this.#done()),
      onError: guarded((error) => this.#failed(error)),
    });
    return upload;
  }

  #address(url) {
    if (url === this.url) return;
    this.url = url;
    this.deps.save({ uploadUrl: url });
  }

  /** Any answer with an offset acknowledges it. */
  #heard(request, response) {
    const offset = Number.parseInt(response.getHeader('Upload-Offset') ?? '', 10);
    const isGood = response.getStatus() >= 200 && response.getStatus() < 300;
    this.#touch(false);
    if (!isGood || !Number.isFinite(offset)) return;
    if (offset > this.progress.acknowledged) this.#failures = 0;
    this.progress.acknowledge(offset, this.deps.now());
    this.deps.save({ acknowledged: offset });
    this.#say('progress');
  }

  /** Bytes that the browser has handed to the network: a sign of life, no progress. */
  #handed(sent) {
    const end = Math.min(this.file.size, this.progress.acknowledged + CHUNK);
    this.#touch(sent >= end);
    if (sent >= this.file.size) this.#say('storing');
  }

  #touch(isBodySent) {
    this.#lastProgressAt = this.deps.now();
    this.#isBodySent = isBodySent;
  }

  #look() {
    const { now } = this.deps;
    const state = { now: now(), lastProgressAt: this.#lastProgressAt, isBodySent: this.#isBodySent };
    if (hasStalled(state)) this.#again('stalled');
  }

  async #failed(error) {
    const request = error.originalRequest;
    const response = error.originalResponse;
    const problem = problemOf(response);
    const answer = {
      status: response?.getStatus() ?? 0,
      method: request?.getMethod() ?? (this.url ? 'HEAD' : 'POST'),
      problem,
    };
    const wait = retryAfterOf(response?.getHeader('Retry-After'));
    switch (nextStep(answer)) {
      case 'retry':
        return this.#again(isOfService(answer) ? 'service' : 'network', wait);
      case 'token':
        return this.#renewToken();
      case 'query':
        return this.#ended();
      case 'restart':
        return this.#restart();
      default:
        return this.#stopped(problem, answer);
    }
  }

  async #renewToken() {
    const attempt = this.#end('running');
    try {
      await this.deps.refreshToken();
    } catch (error) {
      if (attempt === this.#attempt) this.#tokenFailed(error);
      return;
    }
    if (attempt === this.#attempt && this.#state === 'running') this.#again('network');
  }

  #tokenFailed(error) {
    if (error?.message === 'signed_out') this.#finish('signedOut');
    else if (error?.message === 'other_session') this.#finish('otherSession');
    else this.#again('network');
  }

  /** A HEAD has no body, so the service is asked why the upload has ended. */
  async #ended() {
    const attempt = this.#end('running');
    let state = null;
    try {
      state = await this.deps.uploadState(this.url);
    } catch (error) {
      if (attempt === this.#attempt) this.#tokenFailed(error);
      return;
    }
    if (attempt !== this.#attempt) return;
    const { refusal = null, submission_id: submission = null } = state ?? {};
    if (submission) this.#done(submission);
    else if (refusal) this.#finish('refused', { problem: { error: 'video_refused', details: refusal } });
    else this.#restart();
  }

  #restart() {
    this.url = null;
    this.progress.acknowledge(0, this.deps.now());
    this.deps.save({ uploadUrl: null, acknowledged: 0 });
    this.#say('restarted');
    this.#again('network');
  }

  #stopped(problem, { status }) {
    const end = problem ? terminalEventOf(problem) : null;
    if (end) this.#finish(end, { problem });
    else if (status === 401 || status === 403) this.#finish('signedOut', { problem });
    else this.#finish('failed', { problem, status });
  }

  #done(submission = null) {
    this.progress.acknowledge(this.file.size, this.deps.now());
    this.#finish('done', { url: this.url, submission });
  }

  #again(reason, retryAfter = null) {
    this.#end('waiting');
    const milliseconds = backoff(this.#failures++, retryAfter, this.deps.random);
    this.progress.interrupt();
    this.#say('waiting', { reason, seconds: Math.ceil(milliseconds / 1000) });
    this.#wait = this.deps.timer.setTimeout(() => this.#begin(), milliseconds);
  }

  #finish(type, more = {}) {
    this.#end('over');
    this.#say(type, more);
  }

  /** Leaves the present attempt behind: nothing that it still says is heard. Returns the next one. */
  #end(state) {
    this.#state = state;
    this.deps.timer.clearInterval(this.#watch);
    this.deps.timer.clearTimeout(this.#wait);
    this.#upload?.abort();
    this.#upload = null;
    return ++this.#attempt;
  }
}

/** Whether the service has said that it cannot go on now: there is a network. */
const isOfService = ({ status }) => status >= 500 || status === 423 || status === 429;

/** `data` of a problem, if the answer is one. */
function problemOf(response) {
  try {
    const data = JSON.parse(response.getBody()).data;
    return data?.error ? data : null;
  } catch {
    return null;
  }
}
