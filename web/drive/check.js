// The check before sending: preflight result, position and clock. It uploads at most a megabyte.

import { corrected, isWrong } from './clock.js';
import { recordOutcome } from './job.js';
import { sha256 } from './picked.js';
import { degrees } from './position.js';
import { preflightForm, verdictOf } from './preflight.js';
import { uploadMetadata } from './recordings.js';
import { messageOf, terminalEventOf } from './refusals.js';
import { announce, onClick, screenOf, setCheckLine, setDisabled, setText, showScreen } from './ui.js';

/** After this time the driver may send without the result of the preflight. */
const PREFLIGHT_TIMEOUT = 15_000;

export class CheckScreen {
  #generation = 0;
  #preview = null;

  /** `onEnd(recording, event)` gets a final refusal, as an event of `Sender`. */
  constructor(context, { onSend, onAgain, onEnd }) {
    this.context = context;
    this.onEnd = onEnd;
    const screen = screenOf('check');
    onClick(screen, 'send', () => {
      this.#close();
      onSend(this.recording, this.file);
    });
    onClick(screen, 'again', () => {
      this.#close();
      onAgain();
    });
  }

  /** `notice` says why the recording stopped, unless the driver stopped it. */
  async open(recording, file, notice = '') {
    const { texts } = this.context;
    const generation = ++this.#generation;
    Object.assign(this, { recording, file });
    const screen = showScreen('check');
    setText(screen, 'check-notice', notice);
    setText(screen, 'check-state', '');
    setCheckLine(screen, 'format', 'busy', texts.get('drive.check_run'));
    setText(screen, 'send-label', texts.get('drive.send', { size: texts.size(recording.size) }));
    this.#showPreview(screen, file);
    this.#showFacts(screen);
    setDisabled(screen, 'send', true);
    const timer = setTimeout(() => generation === this.#generation && setDisabled(screen, 'send', false), PREFLIGHT_TIMEOUT);
    const response = await this.#preflight().catch(() => null);
    clearTimeout(timer);
    if (generation !== this.#generation) return;
    await this.#correctClock();
    setDisabled(screen, 'send', false);
    this.#showFacts(screen);
    const { known, reason } = verdictOf(response);
    // A missing position is requested when sending, and rate limits are temporary: neither is final.
    const end = reason && terminalEventOf(reason);
    if (end) {
      this.#close();
      this.onEnd(recording, await recordOutcome(this.context, recording, { type: end, problem: reason }));
      return;
    }
    setCheckLine(screen, 'format', known && !reason ? 'pass' : null, texts.get('drive.check_ok'));
    if (known && !reason) announce(texts.get('drive.check_ok'));
    setText(screen, 'check-state', reason ? texts.refusal(messageOf(reason, this.context.limits)) : '');
  }

  /** The response contains the server's time. */
  async #correctClock() {
    this.context.correctClock(this.recording);
    await this.context.store.put(this.recording).catch(() => {});
  }

  async #preflight() {
    const { context, recording, file } = this;
    recording.sha256 ??= await this.#hash().catch(() => null);
    await context.store.put(recording).catch(() => {});
    const details = uploadMetadata(recording, { now: Date.now(), offset: context.clockOffset, corrected, degrees });
    return context.api.preflight(await preflightForm(file, details, context.limits));
  }

  /** The hash lets the preflight detect a reused video before it is uploaded. */
  async #hash() {
    return sha256(await this.file.arrayBuffer());
  }

  #showFacts(screen) {
    const { texts, clockOffset } = this.context;
    const { durationMs, place } = this.recording;
    setCheckLine(screen, 'length', durationMs ? 'pass' : null, durationMs ? texts.duration(durationMs / 1000) : '');
    const where = place
      ? texts.get('drive.place_found', { d: texts.distance(place.accuracy) })
      : texts.get('drive.place_none');
    setCheckLine(screen, 'place', place ? 'pass' : 'warn', where);
    const wrong = isWrong(clockOffset);
    const off = wrong ? texts.duration(Math.abs(clockOffset) / 1000) : '';
    setCheckLine(screen, 'clock', wrong ? 'warn' : null, wrong ? texts.get('drive.clock', { t: off }) : '');
    const isMobile = navigator.connection?.type === 'cellular';
    setText(screen, 'mobile', isMobile ? texts.get('drive.mobile_data', { size: texts.size(this.recording.size) }) : '');
  }

  #showPreview(screen, file) {
    const video = screen.querySelector('video');
    if (this.#preview) URL.revokeObjectURL(this.#preview);
    this.#preview = URL.createObjectURL(file);
    video.src = this.#preview;
  }

  #close() {
    this.#generation++;
    const video = screenOf('check').querySelector('video');
    video.pause();
    video.removeAttribute('src');
    video.load();
    if (this.#preview) URL.revokeObjectURL(this.#preview);
    this.#preview = null;
  }
}
