// The player: its buttons, its track, and what stands on the stage while there is no picture.

import { probe } from './codec.js';
import { clock, control, part, setVisible, setText } from './page.js';
import { rangesOf } from './link.js';
import { Source } from './source.js';
import { nextSpeed, nextRotation, SPEEDS, speedText, rotationScale, watchedBetween } from './turn.js';

const SPEED = 'review.speed';
const STEP = 5;
const LOADING = 300;

/** Videos do not start by themselves for those who asked for less movement or less data. */
export function canAutoplay({ matchMedia, navigator } = globalThis) {
  const isStill = matchMedia?.('(prefers-reduced-motion: reduce)').matches;
  return !isStill && !navigator?.connection?.saveData;
}

export class Player {
  #rotation = 0;
  #last = 0;
  #frame = 1 / 30;
  #loading = null;
  #problem = false;

  /** `onTime(seconds, watched)` is called while it plays, `onPlaying()` at each start. */
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
    const onState = (state) => this.#state(state);
    if (this.isPlayable) this.source = new Source(this.video, { ...data, api, now, signal, onState });
    else this.#state({ type: 'codec' });
    this.#show();
  }

  get duration() {
    const { duration } = this.video;
    return Number.isFinite(duration) && duration > 0 ? duration : this.data.durationMs / 1000;
  }

  get time() {
    return this.source?.time ?? 0;
  }

  /** Starts where somebody has stopped before, muted. */
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
    this.step(direction * this.#frame);
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
    const scale = rotationScale({ box, picture: [video.videoWidth, video.videoHeight], turn: this.#rotation });
    video.style.transform = this.#rotation ? `rotate(${this.#rotation}deg) scale(${scale})` : '';
  }

  mute() {
    this.video.muted = !this.video.muted;
  }

  async full() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.root.requestFullscreen?.().catch(() => {});
  }

  /** Runs a command of a key or a button; returns whether there is such a one. */
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

  /** Marks the track where something was ticked. */
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
    on(['timeupdate'], () => this.#moved());
    on(['waiting', 'loadstart'], () => this.#wait());
    on(['playing', 'canplay', 'error'], () => this.#waited());
    on(['playing'], () => this.onPlaying());
    on(['click'], () => this.toggle());
    this.track?.addEventListener('input', () => this.seek(Number(this.track.value)), { signal });
    this.#measure();
  }

  /** The length of a frame, for going one by one. */
  #measure() {
    let before = null;
    const look = (_, { mediaTime, presentedFrames }) => {
      const length = before && presentedFrames === before.presentedFrames + 1 ? mediaTime - before.mediaTime : 0;
      if (length > 0.005 && length < 0.2) this.#frame = length;
      before = { mediaTime, presentedFrames };
      if (!this.signal.aborted) this.video.requestVideoFrameCallback(look);
    };
    this.video.requestVideoFrameCallback?.(look);
  }

  #moved() {
    const { currentTime, playbackRate, paused } = this.video;
    if (!paused) this.watched += watchedBetween(this.#last, currentTime, playbackRate);
    this.#last = currentTime;
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

  #wait() {
    if (this.#problem) return;
    clearTimeout(this.#loading);
    this.#loading = setTimeout(() => {
      if (this.source?.shouldPlay && !this.#problem) this.#note(this.texts.get('player.loading'));
    }, LOADING);
  }

  #waited() {
    clearTimeout(this.#loading);
    if (!this.#problem) this.#note('');
  }

  #note(text) {
    setText('player', text, this.root);
    setVisible('stage-note', text !== '', this.root);
  }

  #state({ type, seconds, isFirst = true }) {
    if (type === 'signed-out') return this.onSignedOut();
    const { texts, data } = this;
    const text = {
      fine: () => '',
      renewing: () => (this.video.readyState >= 1 || this.#problem ? texts.get('player.renewing') : ''),
      unavailable: () => texts.get('player.away', { n: seconds }),
      gone: () => texts.get('player.gone', { id: data.id }),
      codec: () => texts.get('player.h265'),
    }[type]();
    this.#problem = ['unavailable', 'gone', 'codec'].includes(type);
    this.#note(text);
    setVisible('download', type === 'codec', this.root);
    if (this.#problem && isFirst) this.announcer.polite(text);
    return undefined;
  }
}
