// Uploads one recording with tus-js-client, but with its own retry policy (`retry.js`).
//
// Each attempt is a new `tus.Upload`. An attempt that resumes an upload has no `endpoint`: with one, the library would
// create a new upload after an unexpected response. The library stores no fingerprints, because two recordings of equal
// size would share one.

import { Progress } from './progress.js';
import { backoff, hasStalled, nextStep, retryAfterOf } from './retry.js';
import { terminalEventOf } from './refusals.js';

export const CHUNK = 4 * 2 ** 20;

/** Interval at which a running request is checked for a stall. */
const STALL_CHECK_INTERVAL = 1000;
/** After a wake-up event, a request without progress for this long is restarted. */
const WAKE_STALL_TIMEOUT = 5000;

/**
 * `deps`: `tus`, `endpoint`, `token()` (resolves with an access token; rejects with `signed_out` or
 * `other_session`), `refreshToken()`, `uploadState(url)` (the upload's state as JSON), `save(changes)` (persists them),
 * `details()` (metadata of a creation), `readable()` (whether the file can be read), `now()`, `timer`.
 *
 * `onEvent(event)` gets `progress`, `waiting` {seconds, reason}, `sending`, `storing`, `restarted`,
 * `done`, `refused` {problem}, `already`, `closed`, `signedOut`, `otherSession`, `unreadable`, `failed` {problem}.
 */
export class Sender {
  #attempt = 0;
  #upload = null;
  #failures = 0;
  #stallTimer = null;
  #retryTimer = null;
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

  /** Starts, or resumes after a pause. */
  start() {
    if (this.#state === 'running' || this.#state === 'waiting' || this.#isOver()) return;
    this.#failures = 0;
    return this.#startAttempt();
  }

  /** Pauses. The service keeps the acknowledged bytes for a day. */
  pause() {
    if (this.#isOver()) return;
    this.#cancelAttempt('paused');
  }

  /**
   * Called when the network may be back or the page is visible again. Such events are unreliable, so they only shorten
   * the backoff or the stall timeout.
   */
  wake() {
    if (this.#state === 'waiting') {
      this.#startAttempt();
    } else if (this.#state === 'running') {
      const idle = this.deps.now() - this.#lastProgressAt;
      if (idle >= WAKE_STALL_TIMEOUT && !this.#isBodySent) this.#retry('stalled');
    }
  }

  #isOver() {
    return this.#state === 'over';
  }

  #emit(type, more = {}) {
    this.onEvent({ type, progress: this.progress, ...more });
  }

  async #startAttempt() {
    const attempt = this.#cancelAttempt('running');
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
    this.#recordActivity(false);
    this.#emit('sending');
    this.#upload = this.#createUpload(isCurrent, headers, metadata);
    this.#stallTimer = this.deps.timer.setInterval(() => this.#checkStall(), STALL_CHECK_INTERVAL);
    this.#upload.start();
  }

  #createUpload(isCurrent, headers, metadata) {
    const ifCurrent = (action) => (...values) => (isCurrent() ? action(...values) : undefined);
    const upload = new this.deps.tus.Upload(this.file, {
      ...(this.url ? { uploadUrl: this.url } : { endpoint: this.deps.endpoint }),
      metadata,
      headers: {},
      chunkSize: CHUNK,
      retryDelays: null,
      storeFingerprintForResuming: false,
      fingerprint: async () => null,
      // Later requests are authorised by the secret in the upload's URL; a token could expire meanwhile.
      onBeforeRequest: (request) => {
        if (request.getMethod() === 'POST') {
          for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
        }
        this.#recordActivity(false);
      },
      onAfterResponse: ifCurrent((request, response) => this.#onResponse(request, response)),
      onUploadUrlAvailable: ifCurrent(() => this.#onUploadUrl(upload.url)),
      onProgress: ifCurrent((sent) => this.#onProgress(sent)),
      onSuccess: ifCurrent(() => this.#onSuccess()),
      onError: ifCurrent((error) => this.#onError(error)),
    });
    return upload;
  }

  #onUploadUrl(url) {
    if (url === this.url) return;
    this.url = url;
    this.deps.save({ uploadUrl: url });
  }

  /** Any successful response with an offset acknowledges the bytes before it. */
  #onResponse(request, response) {
    const offset = Number.parseInt(response.getHeader('Upload-Offset') ?? '', 10);
    const isGood = response.getStatus() >= 200 && response.getStatus() < 300;
    this.#recordActivity(false);
    if (!isGood || !Number.isFinite(offset)) return;
    if (offset > this.progress.acknowledged) this.#failures = 0;
    this.progress.acknowledge(offset, this.deps.now());
    this.deps.save({ acknowledged: offset });
    this.#emit('progress');
  }

  /** Bytes passed to the network: activity, but not yet progress. */
  #onProgress(sent) {
    const end = Math.min(this.file.size, this.progress.acknowledged + CHUNK);
    this.#recordActivity(sent >= end);
    if (sent >= this.file.size) this.#emit('storing');
  }

  #recordActivity(isBodySent) {
    this.#lastProgressAt = this.deps.now();
    this.#isBodySent = isBodySent;
  }

  #checkStall() {
    const { now } = this.deps;
    const state = { now: now(), lastProgressAt: this.#lastProgressAt, isBodySent: this.#isBodySent };
    if (hasStalled(state)) this.#retry('stalled');
  }

  async #onError(error) {
    const request = error.originalRequest;
    const response = error.originalResponse;
    const problem = problemOf(response);
    const failure = {
      status: response?.getStatus() ?? 0,
      method: request?.getMethod() ?? (this.url ? 'HEAD' : 'POST'),
      problem,
    };
    const wait = retryAfterOf(response?.getHeader('Retry-After'));
    switch (nextStep(failure)) {
      case 'retry':
        return this.#retry(isServiceUnavailable(failure) ? 'service' : 'network', wait);
      case 'token':
        return this.#renewToken();
      case 'query':
        return this.#queryState();
      case 'restart':
        return this.#restart();
      default:
        return this.#stop(problem, failure);
    }
  }

  async #renewToken() {
    const attempt = this.#cancelAttempt('running');
    try {
      await this.deps.refreshToken();
    } catch (error) {
      if (attempt === this.#attempt) this.#tokenFailed(error);
      return;
    }
    if (attempt === this.#attempt && this.#state === 'running') this.#retry('network');
  }

  #tokenFailed(error) {
    if (error?.message === 'signed_out') this.#finish('signedOut');
    else if (error?.message === 'other_session') this.#finish('otherSession');
    else this.#retry('network');
  }

  /** Requests the state of an ended upload, because a HEAD response has no body. */
  async #queryState() {
    const attempt = this.#cancelAttempt('running');
    let state = null;
    try {
      state = await this.deps.uploadState(this.url);
    } catch (error) {
      if (attempt === this.#attempt) this.#tokenFailed(error);
      return;
    }
    if (attempt !== this.#attempt) return;
    const { refusal = null, submission_id: submission = null } = state ?? {};
    if (submission) this.#onSuccess(submission);
    else if (refusal) this.#finish('refused', { problem: { error: 'video_refused', details: refusal } });
    else this.#restart();
  }

  #restart() {
    this.url = null;
    this.progress.acknowledge(0, this.deps.now());
    this.deps.save({ uploadUrl: null, acknowledged: 0 });
    this.#emit('restarted');
    this.#retry('network');
  }

  #stop(problem, { status }) {
    const end = problem ? terminalEventOf(problem) : null;
    if (end) this.#finish(end, { problem });
    else if (status === 401 || status === 403) this.#finish('signedOut', { problem });
    else this.#finish('failed', { problem, status });
  }

  #onSuccess(submission = null) {
    this.progress.acknowledge(this.file.size, this.deps.now());
    this.#finish('done', { url: this.url, submission });
  }

  #retry(reason, retryAfter = null) {
    this.#cancelAttempt('waiting');
    const milliseconds = backoff(this.#failures++, retryAfter, this.deps.random);
    this.progress.interrupt();
    this.#emit('waiting', { reason, seconds: Math.ceil(milliseconds / 1000) });
    this.#retryTimer = this.deps.timer.setTimeout(() => this.#startAttempt(), milliseconds);
  }

  #finish(type, more = {}) {
    this.#cancelAttempt('over');
    this.#emit(type, more);
  }

  /** Aborts the current attempt and ignores its later events. Returns the number of the next attempt. */
  #cancelAttempt(state) {
    this.#state = state;
    this.deps.timer.clearInterval(this.#stallTimer);
    this.deps.timer.clearTimeout(this.#retryTimer);
    this.#upload?.abort();
    this.#upload = null;
    return ++this.#attempt;
  }
}

/** Whether the service has responded that it is temporarily unavailable. */
const isServiceUnavailable = ({ status }) => status >= 500 || status === 423 || status === 429;

/** `data` of an error response, or null. */
function problemOf(response) {
  try {
    const data = JSON.parse(response.getBody()).data;
    return data?.error ? data : null;
  } catch {
    return null;
  }
}
