// Comparison with an earlier report: its video is synchronised with the player of the page.

import { control, part, setText } from './page.js';
import { cappedRate, follow, MAX_RATE, shiftText } from './follow.js';
import { Source } from './source.js';

const INTERVAL = 200;

export class Comparison {
  #shift = 0;
  #lastSeek = 0;
  #isDetached = false;

  constructor(root, { player, texts, api, now, signal }) {
    this.player = player;
    this.texts = texts;
    this.video = part('other', root);
    const { link, expires } = this.video.dataset;
    this.video.muted = true;
    this.source = new Source(this.video, {
      url: this.video.getAttribute('src') ?? '',
      expiresAt: Number(expires),
      linkUrl: link,
      isH265: this.video.dataset.h265 !== undefined,
      api,
      now,
      signal,
      onState: () => {},
    });
    this.root = root;
    this.video.addEventListener('seeking', () => this.#onSeeking(), { signal });
    control('align', root)?.addEventListener('click', () => this.align(), { signal });
    const timer = setInterval(() => this.#follow(), INTERVAL);
    signal.addEventListener('abort', () => clearInterval(timer));
    this.#show();
  }

  /** Takes the current positions of the two videos as the same moment. */
  align() {
    this.#shift = this.video.currentTime - this.player.time;
    this.#isDetached = false;
    this.#show();
  }

  /** A reviewer who seeks in the second video with its own controls is about to align it: synchronisation stops. */
  #onSeeking() {
    if (Math.abs(this.video.currentTime - this.#lastSeek) > 0.1) this.#isDetached = true;
  }

  #show() {
    setText('shift', this.texts.get('compare.shift', { t: this.texts.get('unit.s', { n: shiftText(this.#shift) }) }), this.root);
  }

  #follow() {
    const { player, source, video } = this;
    if (this.#isDetached || video.readyState === 0 || video.seeking || !player.source) return;
    if (player.speed > MAX_RATE) player.setSpeed(MAX_RATE);
    const isPaused = player.video.paused;
    const { seek, rate, isOutside } = follow({
      lead: player.time,
      other: video.currentTime,
      shift: this.#shift,
      rate: cappedRate(player.speed),
      isPaused,
      duration: video.duration,
    });
    if (seek !== undefined) {
      this.#lastSeek = seek;
      source.seek(seek);
    }
    if (rate !== undefined) video.playbackRate = rate;
    if (isPaused || isOutside) source.pause();
    else if (video.paused) source.play();
  }
}
