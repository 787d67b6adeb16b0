// A video and its link: the link is renewed before it is needed, and time, pause and speed stay as they were.

import { verdict } from './codec.js';
import { retryAfterFailure, linkOutcome, needsLink, rangesOf } from './link.js';

export class Source {
  #failures = 0;
  #renewing = null;
  #countdown = null;
  #time = null;
  #isStopped = false;

  /** `onState({ type, … })` hears `fine`, `renewing`, `away` with seconds, `gone`, `codec` and `signed-out`. */
  constructor(video, { url, expiresAt, linkUrl, isH265, api, now, signal, onState }) {
    Object.assign(this, { video, url, expiresAt, linkUrl, isH265, api, now, onState, signal });
    /** Whether the person wants it to play, whatever the element does meanwhile. */
    this.shouldPlay = false;
    const on = (name, action) => video.addEventListener(name, action, { signal });
    on('error', () => this.#failed());
    on('loadedmetadata', () => this.#opened());
    on('playing', () => this.#onReady());
    signal.addEventListener('abort', () => this.#end());
    if (video.error) this.#failed();
    else if (video.readyState >= 1) this.#opened();
  }

  /** The time that is shown, or will be as soon as a new link is there. */
  get time() {
    return this.#time ?? this.video.currentTime;
  }

  async play() {
    this.shouldPlay = true;
    const { video } = this;
    if (this.#needsLink(video.currentTime, video.duration || video.currentTime)) return this.renew();
    return video.play().catch(() => {
      // The browser plays nothing by itself: the button does.
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
    if (this.#renewing || this.video.readyState === 0) {
      this.#time = target;
      return;
    }
    if (this.#needsLink(target, target)) {
      this.#time = target;
      await this.renew();
    } else {
      this.video.currentTime = target;
    }
  }

  setRate(rate) {
    // The default is what a new source starts with.
    this.video.defaultPlaybackRate = rate;
    this.video.playbackRate = rate;
  }

  #needsLink(from, to) {
    const { url, expiresAt, now, video } = this;
    return needsLink({ url, expiresAt, now: now(), ranges: rangesOf(video.buffered), from, to });
  }

  /** Asks for a new link and goes on with it. Several callers share one request. */
  renew() {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renew() {
    if (this.#isStopped) return;
    this.#stopCountdown();
    this.#time ??= this.video.currentTime;
    this.onState({ type: 'renewing' });
    const { status, data } = await this.api.post(this.linkUrl);
    if (this.signal.aborted) return;
    const response = linkOutcome(status, data);
    if (response === 'fresh') {
      this.url = data.url;
      this.expiresAt = data.expiresAt;
      this.video.src = data.url;
    } else if (response === 'unavailable') {
      this.#wait();
    } else {
      this.#isStopped = response === 'gone';
      this.onState({ type: response });
    }
  }

  #opened() {
    const { video, isH265 } = this;
    if (verdict({ isH265, readyState: video.readyState, videoWidth: video.videoWidth }) === 'no-picture') {
      this.#noPicture();
      return;
    }
    if (this.#time !== null) video.currentTime = this.#time;
    this.#time = null;
    this.#onReady();
    if (this.shouldPlay) video.play().catch(() => {});
  }

  #onReady() {
    this.#failures = 0;
    this.#stopCountdown();
    if (!this.#isStopped) this.onState({ type: 'fine' });
  }

  #failed() {
    const { video, isH265 } = this;
    if (!video.getAttribute('src') || this.#isStopped) return;
    const { error, readyState, videoWidth } = video;
    if (verdict({ isH265, readyState, videoWidth, error }) === 'no-picture') {
      this.#noPicture();
      return;
    }
    this.#failures += 1;
    this.#time ??= video.currentTime;
    if (retryAfterFailure(this.#failures).action === 'renew') this.renew();
    else this.#wait();
  }

  #noPicture() {
    this.#isStopped = true;
    this.shouldPlay = false;
    this.video.pause();
    this.onState({ type: 'codec' });
  }

  #wait() {
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

  #end() {
    this.#isStopped = true;
    this.#stopCountdown();
    this.video.pause();
    this.video.removeAttribute('src');
    this.video.load();
  }
}
