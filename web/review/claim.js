// The claim on a report: taken when it is shown, kept while somebody works on it, given back on leaving.

import { isolated } from '../shared/data.js';
import { control, setVisible, setText } from './page.js';

const HEARTBEAT = 60_000;
/** How long before its end a claim is warned about. */
const WARNING = 60_000;

/**
 * What has to be done for a claim now: `keep`, `warn`, `lost`, `take` after a request without an answer, or nothing.
 * Pure.
 */
export function nextAction({ until, now, lastHeartbeat, isVisible, isActive, hasFailed = false }) {
  if (until === null) return hasFailed && isVisible && isActive && now - lastHeartbeat >= HEARTBEAT ? 'take' : null;
  if (now >= until) return 'lost';
  if (isVisible && isActive && now - lastHeartbeat >= HEARTBEAT) return 'keep';
  return until - now <= WARNING ? 'warn' : null;
}

export class Claim {
  #until = null;
  #lastHeartbeat = 0;
  #isActive = false;
  #wasHeld = false;
  #isWarned = false;
  #isBusy = false;
  #hasFailed = false;

  constructor(root, { refKey, until, api, texts, now, announcer, signal, isPlaying }) {
    Object.assign(this, { root, refKey, api, texts, now, announcer, signal, isPlaying });
    this.#until = until;
    this.#wasHeld = until !== null;
    const listen = (target, name, action) => target.addEventListener(name, action, { signal });
    for (const name of ['keydown', 'pointerdown', 'wheel']) {
      document.addEventListener(name, () => { this.#isActive = true; }, { signal, passive: true });
    }
    listen(document, 'visibilitychange', () => this.#tick());
    listen(globalThis, 'pagehide', () => this.release());
    listen(globalThis, 'pageshow', (event) => event.persisted && this.#ask('/review/claim'));
    const button = control('keep', root);
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
    this.api.sendBeacon('/review/release', { ref_key: this.refKey });
  }

  /** The report is decided: the server ends the claim when the decision takes effect. */
  end() {
    this.#until = null;
    this.#hasFailed = false;
  }

  #tick() {
    const isVisible = document.visibilityState === 'visible';
    const isActive = this.#isActive || this.isPlaying();
    const now = this.now();
    const what = nextAction({ until: this.#until, now, lastHeartbeat: this.#lastHeartbeat, isVisible, isActive, hasFailed: this.#hasFailed });
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

  #lost(isReplacing) {
    this.#until = null;
    if (isReplacing) this.take();
    else this.#bar(this.texts.get('report.expiring', { n: 0 }), { canKeep: true });
  }

  async #ask(path) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#lastHeartbeat = this.now();
    this.#isActive = false;
    const { status, data } = await this.api.post(path, { ref_key: this.refKey });
    this.#isBusy = false;
    this.#hasFailed = status !== 200;
    if (this.signal.aborted || status !== 200) return;
    if (data.state === 'mine') this.#mine(data);
    else if (data.state === 'held') this.#held(data);
    else if (path === '/review/keep') this.take();
  }

  #mine({ until, text }) {
    this.#until = until;
    this.#wasHeld = true;
    this.#isWarned = false;
    this.#bar('', {});
    setText('yours', text, this.root);
  }

  #held({ person, name, text }) {
    const sentence = this.#wasHeld ? this.texts.get('report.taken', { name: isolated(name) }) : text;
    this.#until = null;
    this.#wasHeld = false;
    const from = this.root.querySelector('[data-part="take-over"] [name="from"]');
    if (from) from.value = person;
    this.#bar(sentence, { canTake: from !== null });
    setText('yours', '', this.root);
    this.announcer.polite(sentence);
  }

  #bar(text, { canKeep = false, canTake = false }) {
    setText('claim', text, this.root);
    setVisible('claim', text !== '', this.root);
    setVisible('take-over', canTake, this.root);
    const button = control('keep', this.root);
    if (button) button.hidden = !canKeep;
  }
}
