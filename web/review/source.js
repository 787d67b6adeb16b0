// The source of a video element: renews the presigned link before it expires, and keeps position, pause and rate.

import { verdict } from './codec.js';
import { linkOutcome, needsLink, rangesOf, retryAfterFailure } from './link.js';

export class Source {
  #failures = 0;
  #renewal = null;
  #countdown = null;
  #pendingTime = null;
  #isStopped = false;

  /**
   * `onState({ type, … })`: `fine`, `renewing`, `unavailable` with the seconds to the retry, `gone`, `codec`,
   * `signed-out`.
   */
  constructor(video, { url, expiresAt, linkUrl, isH265, api, now, signal, onState }) {
    Object.assign(this, { video, url, expiresAt, linkUrl, isH265, api, now, onState, signal });
    /** Whether the reviewer wants it to play, also while it is buffering or the link is renewed. */
    this.shouldPlay = false;
    const on = (name, action) => video.addEventListener(name, action, { signal });
    on('error', () => this.#onError());
    on('loadedmetadata', () => this.#onMetadata());
    on('playing', () => this.#onReady());
    signal.addEventListener('abort', () => this.#dispose());
    if (video.error) this.#onError();
    else if (video.readyState >= 1) this.#onMetadata();
  }

  /** The position, also while a new link is being loaded. */
  get time() {
    return this.#pendingTime ?? this.video.currentTime;
  }

  async play() {
    this.shouldPlay = true;
    const { video } = this;
    if (this.#needsLink(video.currentTime, video.duration || video.currentTime)) return this.renew();
    return video.play().catch(() => {
      // Autoplay is blocked: the reviewer has to press the button.
      if (!video.error && video.paused) this.shouldPlay = false;
    });
  }

  pause() {
    this.shouldPlay = false;
    this.video.pause();
  }

  async seek(time) {
    const end = this.video.duration || Infinity;
    const target = Math.min(Math.max(time, 0), end);
    if (this.#renewal || this.video.readyState === 0) {
      this.#pendingTime = target;
      return;
    }
    if (this.#needsLink(target, target)) {
      this.#pendingTime = target;
      await this.renew();
    } else {
      this.video.currentTime = target;
    }
  }

  setRate(rate) {
    // A new source starts with the default rate.
    this.video.defaultPlaybackRate = rate;
    this.video.playbackRate = rate;
  }

  #needsLink(from, to) {
    const { url, expiresAt, now, video } = this;
    return needsLink({ url, expiresAt, now: now(), ranges: rangesOf(video.buffered), from, to });
  }

  /** Requests a new link and resumes with it. Concurrent callers share one request. */
  renew() {
    this.#renewal ??= this.#requestLink().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #requestLink() {
    if (this.#isStopped) return;
    this.#stopCountdown();
    this.#pendingTime ??= this.video.currentTime;
    this.onState({ type: 'renewing' });
    const { status, data } = await this.api.post(this.linkUrl);
    if (this.signal.aborted) return;
    const outcome = linkOutcome(status, data);
    if (outcome === 'fresh') {
      this.url = data.url;
      this.expiresAt = data.expiresAt;
      this.video.src = data.url;
    } else if (outcome === 'unavailable') {
      this.#scheduleRetry();
    } else {
      this.#isStopped = outcome === 'gone';
      this.onState({ type: outcome });
    }
  }

  #onMetadata() {
    const { video, isH265 } = this;
    if (verdict({ isH265, readyState: video.readyState, videoWidth: video.videoWidth }) === 'no-picture') {
      this.#onUndecodable();
      return;
    }
    if (this.#pendingTime !== null) video.currentTime = this.#pendingTime;
    this.#pendingTime = null;
    this.#onReady();
    if (this.shouldPlay) video.play().catch(() => {});
  }

  #onReady() {
    this.#failures = 0;
    this.#stopCountdown();
    if (!this.#isStopped) this.onState({ type: 'fine' });
  }

  #onError() {
    const { video, isH265 } = this;
    if (!video.getAttribute('src') || this.#isStopped) return;
    const { error, readyState, videoWidth } = video;
    if (verdict({ isH265, readyState, videoWidth, error }) === 'no-picture') {
      this.#onUndecodable();
      return;
    }
    this.#failures += 1;
    this.#pendingTime ??= video.currentTime;
    if (retryAfterFailure(this.#failures).action === 'renew') this.renew();
    else this.#scheduleRetry();
  }

  #onUndecodable() {
    this.#isStopped = true;
    this.shouldPlay = false;
    this.video.pause();
    this.onState({ type: 'codec' });
  }

  #scheduleRetry() {
    this.#stopCountdown();
    this.#failures = Math.max(this.#failures, 2);
    let { seconds } = retryAfterFailure(this.#failures);
    this.onState({ type: 'unavailable', seconds, isFirst: true });
    this.#countdown = setInterval(() => {
      seconds -= 1;
      if (seconds > 0) return this.onState({ type: 'unavailable', seconds, isFirst: false });
      this.#failures += 1;
      return this.renew();
    }, 1000);
  }

  #stopCountdown() {
    clearInterval(this.#countdown);
    this.#countdown = null;
  }

  #dispose() {
    this.#isStopped = true;
    this.#stopCountdown();
    this.video.pause();
    this.video.removeAttribute('src');
    this.video.load();
  }
}
