// The player: controls, seek bar, and the note that is shown instead of a picture.

import { probe } from './codec.js';
import { clock, control, part, setText, setVisible } from './page.js';
import { rangesOf } from './link.js';
import { Source } from './source.js';
import { nextRotation, nextSpeed, rotationScale, SPEEDS, speedText, watchedBetween } from './turn.js';

const SPEED = 'review.speed';
const STEP = 5;
const LOADING_DELAY = 300;

/** Whether videos may start automatically: not with reduced motion or data saving. */
export function canAutoplay({ matchMedia, navigator } = globalThis) {
  const isStill = matchMedia?.('(prefers-reduced-motion: reduce)').matches;
  return !isStill && !navigator?.connection?.saveData;
}

export class Player {
  #rotation = 0;
  #lastTime = 0;
  #frameLength = 1 / 30;
  #loading = null;
  #hasProblem = false;

  /** `onTime(seconds, watched)` is called during playback, `onPlaying()` whenever playback starts. */
  constructor(root, { data, texts, api, now, storage, announcer, signal, onTime, onPlaying, onSignedOut }) {
    Object.assign(this, { root, data, texts, announcer, storage, signal, onTime, onPlaying, onSignedOut });
    this.video = part('video', root);
    this.track = part('track', root);
    this.watched = 0;
    this.isPlayable = probe(data, (kind) => this.video.canPlayType(kind)) !== 'no';
    this.video.controls = false;
    this.#listen();
    this.setSpeed(storage.get(SPEED) ?? 1);
    setVisible('controls', true, root);
    const onState = (state) => this.#onState(state);
    if (this.isPlayable) this.source = new Source(this.video, { ...data, api, now, signal, onState });
    else this.#onState({ type: 'codec' });
    this.#show();
  }

  get duration() {
    const { duration } = this.video;
    return Number.isFinite(duration) && duration > 0 ? duration : this.data.durationMs / 1000;
  }

  get time() {
    return this.source?.time ?? 0;
  }

  /** Starts muted at the position of the draft. */
  start(time) {
    if (!this.source) return;
    this.video.muted = true;
    if (time > 0 && time < this.duration - 1) this.source.seek(time);
    if (canAutoplay()) this.source.play();
    else if (!this.data.url) this.source.renew();
  }

  toggle() {
    if (!this.source) return;
    if (this.source.shouldPlay && !this.video.ended) this.source.pause();
    else this.source.play();
    this.#show();
  }

  seek(time) {
    this.source?.seek(time);
  }

  step(seconds) {
    this.seek(this.time + seconds);
  }

  frame(direction) {
    this.source?.pause();
    this.step(direction * this.#frameLength);
  }

  setSpeed(speed) {
    this.speed = SPEEDS.includes(speed) ? speed : 1;
    this.storage.set(SPEED, this.speed);
    if (this.source) this.source.setRate(this.speed);
    else Object.assign(this.video, { defaultPlaybackRate: this.speed, playbackRate: this.speed });
    const text = speedText(this.speed, this.texts.language);
    setText('speed', `${text}×`, this.root);
    control('speed', this.root)?.setAttribute('aria-label', this.texts.get('player.speed', { n: text }));
  }

  rotate() {
    this.#rotation = nextRotation(this.#rotation);
    const { video } = this;
    const box = [video.clientWidth, video.clientHeight];
    const scale = rotationScale({ box, picture: [video.videoWidth, video.videoHeight], rotation: this.#rotation });
    video.style.transform = this.#rotation ? `rotate(${this.#rotation}deg) scale(${scale})` : '';
  }

  mute() {
    this.video.muted = !this.video.muted;
  }

  async full() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.root.requestFullscreen?.().catch(() => {});
  }

  /** Runs a command. Returns false if the name is unknown. */
  run(name, value) {
    const commands = {
      play: () => this.toggle(),
      back: () => this.step(-STEP),
      forward: () => this.step(STEP),
      'frame-back': () => this.frame(-1),
      'frame-next': () => this.frame(1),
      speed: () => this.setSpeed(value ?? nextSpeed(this.speed)),
      rotate: () => this.rotate(),
      mute: () => this.mute(),
      full: () => this.full(),
    };
    commands[name]?.();
    return name in commands;
  }

  /** Shows the positions of the ticks on the seek bar. */
  mark(times) {
    const marks = times.map((time) => {
      const mark = document.createElement('i');
      mark.style.left = `${(100 * time) / (this.duration || 1)}%`;
      return mark;
    });
    part('marks', this.root)?.replaceChildren(...marks);
  }

  #listen() {
    const { video, signal } = this;
    const on = (names, action) => names.forEach((name) => video.addEventListener(name, action, { signal }));
    on(['play', 'pause', 'ended', 'volumechange', 'durationchange', 'seeked', 'progress'], () => this.#show());
    on(['timeupdate'], () => this.#onTimeUpdate());
    on(['waiting', 'loadstart'], () => this.#startLoading());
    on(['playing', 'canplay', 'error'], () => this.#stopLoading());
    on(['playing'], () => this.onPlaying());
    on(['click'], () => this.toggle());
    this.track?.addEventListener('input', () => this.seek(Number(this.track.value)), { signal });
    this.#measure();
  }

  /** Measures the length of a frame, for stepping frame by frame. */
  #measure() {
    let previous = null;
    const onFrame = (_, { mediaTime, presentedFrames }) => {
      const length = previous && presentedFrames === previous.presentedFrames + 1 ? mediaTime - previous.mediaTime : 0;
      if (length > 0.005 && length < 0.2) this.#frameLength = length;
      previous = { mediaTime, presentedFrames };
      if (!this.signal.aborted) this.video.requestVideoFrameCallback(onFrame);
    };
    this.video.requestVideoFrameCallback?.(onFrame);
  }

  #onTimeUpdate() {
    const { currentTime, playbackRate, paused } = this.video;
    if (!paused) this.watched += watchedBetween(this.#lastTime, currentTime, playbackRate);
    this.#lastTime = currentTime;
    this.onTime(currentTime, this.watched);
    this.#show();
  }

  #show() {
    const { video, texts, root, duration, track } = this;
    const time = Math.min(this.time, duration || this.time);
    const isPlaying = this.source?.shouldPlay === true && !video.ended;
    root.dataset.state = isPlaying ? 'playing' : 'paused';
    root.dataset.sound = video.muted ? 'off' : 'on';
    control('play', root)?.setAttribute('aria-label', texts.get(isPlaying ? 'player.pause' : 'player.play'));
    control('mute', root)?.setAttribute('aria-label', texts.get(video.muted ? 'player.unmute' : 'player.mute'));
    setText('time', clock(time), root);
    setText('duration', clock(duration), root);
    if (!track) return;
    Object.assign(track, { min: 0, max: duration || 1, step: 'any' });
    track.value = time;
    track.setAttribute('aria-valuetext', texts.get('player.position', { a: clock(time), b: clock(duration) }));
    const loaded = rangesOf(video.buffered).find(([from, to]) => from <= time + 0.1 && time <= to);
    track.style.setProperty('--played', `${(100 * time) / (duration || 1)}%`);
    track.style.setProperty('--buffered', `${(100 * (loaded?.[1] ?? 0)) / (duration || 1)}%`);
  }

  #startLoading() {
    if (this.#hasProblem) return;
    clearTimeout(this.#loading);
    this.#loading = setTimeout(() => {
      if (this.source?.shouldPlay && !this.#hasProblem) this.#showNote(this.texts.get('player.loading'));
    }, LOADING_DELAY);
  }

  #stopLoading() {
    clearTimeout(this.#loading);
    if (!this.#hasProblem) this.#showNote('');
  }

  #showNote(text) {
    setText('player', text, this.root);
    setVisible('stage-note', text !== '', this.root);
  }

  #onState({ type, seconds, isFirst = true }) {
    if (type === 'signed-out') return this.onSignedOut();
    const { texts, data } = this;
    const text = {
      fine: () => '',
      renewing: () => (this.video.readyState >= 1 || this.#hasProblem ? texts.get('player.renewing') : ''),
      unavailable: () => texts.get('player.away', { n: seconds }),
      gone: () => texts.get('player.gone', { id: data.id }),
      codec: () => texts.get('player.h265'),
    }[type]();
    this.#hasProblem = ['unavailable', 'gone', 'codec'].includes(type);
    this.#showNote(text);
    setVisible('download', type === 'codec', this.root);
    if (this.#hasProblem && isFirst) this.announcer.polite(text);
    return undefined;
  }
}
