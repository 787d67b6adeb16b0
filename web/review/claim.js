// The claim on a report: taken when it is shown, kept while somebody works on it, given back on leaving.

import { isolated } from '../shared/data.js';
import { doing, reveal, say } from './page.js';

const BEAT = 60_000;
/** How long before its end a claim is warned about. */
const WARNING = 60_000;

/**
 * What has to be done for a claim now: `keep`, `warn`, `lost`, `take` after a request without an answer, or nothing.
 * Pure.
 */
export function duty({ until, now, lastBeat, isVisible, isActive, isMissed = false }) {
  if (until === null) return isMissed && isVisible && isActive && now - lastBeat >= BEAT ? 'take' : null;
  if (now >= until) return 'lost';
  if (isVisible && isActive && now - lastBeat >= BEAT) return 'keep';
  return until - now <= WARNING ? 'warn' : null;
}

export class Claim {
  #until = null;
  #lastBeat = 0;
  #isActive = false;
  #wasMine = false;
  #isWarned = false;
  #isBusy = false;
  #isMissed = false;

  constructor(root, { refKey, until, api, texts, now, announcer, signal, isPlaying }) {
    Object.assign(this, { root, refKey, api, texts, now, announcer, signal, isPlaying });
    this.#until = until;
    this.#wasMine = until !== null;
    const listen = (target, name, action) => target.addEventListener(name, action, { signal });
    for (const name of ['keydown', 'pointerdown', 'wheel']) {
      document.addEventListener(name, () => { this.#isActive = true; }, { signal, passive: true });
    }
    listen(document, 'visibilitychange', () => this.#tick());
    listen(globalThis, 'pagehide', () => this.release());
    listen(globalThis, 'pageshow', (event) => event.persisted && this.#ask('/review/claim'));
    const button = doing('keep', root);
    if (button) listen(button, 'click', () => this.#ask('/review/claim'));
    const timer = setInterval(() => this.#tick(), 1000);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** Takes the report as soon as somebody sees it: fetching a page ahead takes nothing. */
  take() {
    return this.#ask('/review/claim');
  }

  /** Gives the report back, unless a decision has done that. */
  release() {
    if (this.#until === null) return;
    this.#until = null;
    this.api.leave('/review/release', { ref_key: this.refKey });
  }

  /** The report is decided: the server ends the claim when the decision takes effect. */
  end() {
    this.#until = null;
    this.#isMissed = false;
  }

  #tick() {
    const isVisible = document.visibilityState === 'visible';
    const isActive = this.#isActive || this.isPlaying();
    const now = this.now();
    const what = duty({ until: this.#until, now, lastBeat: this.#lastBeat, isVisible, isActive, isMissed: this.#isMissed });
    if (what === 'keep') this.#ask('/review/keep');
    else if (what === 'take') this.take();
    else if (what === 'lost') this.#lost(isActive && isVisible);
    else if (what === 'warn') this.#warn(Math.ceil((this.#until - now) / 1000));
  }

  #warn(seconds) {
    const text = this.texts.get('report.expiring', { n: seconds });
    this.#bar(text, { canKeep: true });
    if (!this.#isWarned) this.announcer.polite(text);
    this.#isWarned = true;
  }

  #lost(isHere) {
    this.#until = null;
    if (isHere) this.take();
    else this.#bar(this.texts.get('report.expiring', { n: 0 }), { canKeep: true });
  }

  async #ask(path) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#lastBeat = this.now();
    this.#isActive = false;
    const { status, data } = await this.api.post(path, { ref_key: this.refKey });
    this.#isBusy = false;
    this.#isMissed = status !== 200;
    if (this.signal.aborted || status !== 200) return;
    if (data.state === 'mine') this.#mine(data);
    else if (data.state === 'held') this.#held(data);
    else if (path === '/review/keep') this.take();
  }

  #mine({ until, text }) {
    this.#until = until;
    this.#wasMine = true;
    this.#isWarned = false;
    this.#bar('', {});
    say('yours', text, this.root);
  }

  #held({ person, name, text }) {
    const sentence = this.#wasMine ? this.texts.get('report.taken', { name: isolated(name) }) : text;
    this.#until = null;
    this.#wasMine = false;
    const from = this.root.querySelector('[data-part="take-over"] [name="from"]');
    if (from) from.value = person;
    this.#bar(sentence, { canTake: from !== null });
    say('yours', '', this.root);
    this.announcer.polite(sentence);
  }

  #bar(text, { canKeep = false, canTake = false }) {
    say('claim', text, this.root);
    reveal('claim', text !== '', this.root);
    reveal('take-over', canTake, this.root);
    const button = doing('keep', this.root);
    if (button) button.hidden = !canKeep;
  }
}
