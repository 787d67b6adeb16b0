// The check before sending: what the service would say, the place, the clock. It costs at most a megabyte.

import { corrected, isWrong } from './clock.js';
import { ended } from './job.js';
import { sha256 } from './picked.js';
import { degrees } from './position.js';
import { preflightForm, verdictOf } from './preflight.js';
import { describe } from './recordings.js';
import { endOf, sentenceOf } from './refusals.js';
import { announce, mark, on, say, screenOf, setDisabled, showScreen } from './ui.js';

/** A check that takes longer does not keep the driver from sending: it is an offer. */
const PATIENCE = 15_000;

export class CheckScreen {
  #run = 0;
  #preview = null;

  /** `onEnd(recording, event)` hears a final answer, as that to an upload: the type and the problem. */
  constructor(context, { onSend, onAgain, onEnd }) {
    this.context = context;
    this.onEnd = onEnd;
    const screen = screenOf('check');
    on(screen, 'send', () => {
      this.#close();
      onSend(this.recording, this.file);
    });
    on(screen, 'again', () => {
      this.#close();
      onAgain();
    });
  }

  /** `notice` is why the recording ended, if not by the driver. */
  async open(recording, file, notice = '') {
    const { texts } = this.context;
    const run = ++this.#run;
    Object.assign(this, { recording, file });
    const screen = showScreen('check');
    say(screen, 'check-notice', notice);
    say(screen, 'check-state', '');
    mark(screen, 'format', 'busy', texts.get('drive.check_run'));
    say(screen, 'send-label', texts.get('drive.send', { size: texts.size(recording.size) }));
    this.#showPreview(screen, file);
    this.#showFacts(screen);
    setDisabled(screen, 'send', true);
    const patience = setTimeout(() => run === this.#run && setDisabled(screen, 'send', false), PATIENCE);
    const answer = await this.#ask().catch(() => null);
    clearTimeout(patience);
    if (run !== this.#run) return;
    await this.#settleClock();
    setDisabled(screen, 'send', false);
    this.#showFacts(screen);
    const { known, reason } = verdictOf(answer);
    // A missing place is asked for at the sending, and limits of the service pass: these end nothing.
    const end = reason && endOf(reason);
    if (end) {
      this.#close();
      this.onEnd(recording, await ended(this.context, recording, { type: end, problem: reason }));
      return;
    }
    mark(screen, 'format', known && !reason ? 'pass' : null, texts.get('drive.check_ok'));
    if (known && !reason) announce(texts.get('drive.check_ok'));
    say(screen, 'check-state', reason ? texts.refusal(sentenceOf(reason, this.context.limits)) : '');
  }

  /** The request has told how wrong the clock is. */
  async #settleClock() {
    this.context.settleClock(this.recording);
    await this.context.store.put(this.recording).catch(() => {});
  }

  async #ask() {
    const { context, recording, file } = this;
    recording.sha256 ??= await this.#hash().catch(() => null);
    await context.store.put(recording).catch(() => {});
    const details = describe(recording, { now: Date.now(), offset: context.clockOffset, corrected, degrees });
    return context.api.preflight(await preflightForm(file, details, context.limits));
  }

  /** With the hash an earlier use of the video is known before its bytes are paid for. */
  async #hash() {
    return sha256(await this.file.arrayBuffer());
  }

  #showFacts(screen) {
    const { texts, clockOffset } = this.context;
    const { durationMs, place } = this.recording;
    mark(screen, 'length', durationMs ? 'pass' : null, durationMs ? texts.duration(durationMs / 1000) : '');
    const where = place
      ? texts.get('drive.place_found', { d: texts.distance(place.accuracy) })
      : texts.get('drive.place_none');
    mark(screen, 'place', place ? 'pass' : 'warn', where);
    const wrong = isWrong(clockOffset);
    const off = wrong ? texts.duration(Math.abs(clockOffset) / 1000) : '';
    mark(screen, 'clock', wrong ? 'warn' : null, wrong ? texts.get('drive.clock', { t: off }) : '');
    const isMobile = navigator.connection?.type === 'cellular';
    say(screen, 'mobile', isMobile ? texts.get('drive.mobile_data', { size: texts.size(this.recording.size) }) : '');
  }

  #showPreview(screen, file) {
    const video = screen.querySelector('video');
    if (this.#preview) URL.revokeObjectURL(this.#preview);
    this.#preview = URL.createObjectURL(file);
    video.src = this.#preview;
  }

  #close() {
    this.#run++;
    const video = screenOf('check').querySelector('video');
    video.pause();
    video.removeAttribute('src');
    video.load();
    if (this.#preview) URL.revokeObjectURL(this.#preview);
    this.#preview = null;
  }
}
