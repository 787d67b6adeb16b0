// An earlier report beside this one: its video follows the player of the page.

import { part, setText, control } from './page.js';
import { cappedRate, FASTEST, follow, shiftText } from './follow.js';
import { Source } from './source.js';

const OFTEN = 200;

export class Comparison {
  #shift = 0;
  #sought = 0;
  #isLoose = false;

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
    this.video.addEventListener('seeking', () => this.#moved(), { signal });
    control('align', root)?.addEventListener('click', () => this.align(), { signal });
    const timer = setInterval(() => this.#follow(), OFTEN);
    signal.addEventListener('abort', () => clearInterval(timer));
    this.#show();
  }

  /** The times of the two videos as they are now belong together. */
  align() {
    this.#shift = this.video.currentTime - this.player.time;
    this.#isLoose = false;
    this.#show();
  }

  /** Whoever moves the second video by its own controls looks for the place to align: it does not follow then. */
  #moved() {
    if (Math.abs(this.video.currentTime - this.#sought) > 0.1) this.#isLoose = true;
  }

  #show() {
    setText('shift', this.texts.get('compare.shift', { t: this.texts.get('unit.s', { n: shiftText(this.#shift) }) }), this.root);
  }

  #follow() {
    const { player, source, video } = this;
    if (this.#isLoose || video.readyState === 0 || video.seeking || !player.source) return;
    if (player.speed > FASTEST) player.setSpeed(FASTEST);
    const isPaused = player.video.paused;
    const { seek, rate, waits } = follow({
      lead: player.time,
      other: video.currentTime,
      shift: this.#shift,
      rate: cappedRate(player.speed),
      isPaused,
      duration: video.duration,
    });
    if (seek !== undefined) {
      this.#sought = seek;
      source.seek(seek);
    }
    if (rate !== undefined) video.playbackRate = rate;
    if (isPaused || waits) source.pause();
    else if (video.paused) source.play();
  }
}
