// The claim on a report, a lease: acquired when the report is shown, renewed while the reviewer is active, released
// when the reviewer leaves.

import { isolated } from '../shared/data.js';
import { control, setText, setVisible } from './page.js';

const HEARTBEAT = 60_000;
/** The reviewer is warned this long before the claim expires. */
const WARNING = 60_000;

/**
 * The next action for a claim: `renew`, `warn`, `expire`, `acquire` (retry after a failed request), or null. Pure.
 */
export function nextAction({ until, now, lastHeartbeat, isVisible, isActive, hasFailed = false }) {
  if (until === null) return hasFailed && isVisible && isActive && now - lastHeartbeat >= HEARTBEAT ? 'acquire' : null;
  if (now >= until) return 'expire';
  if (isVisible && isActive && now - lastHeartbeat >= HEARTBEAT) return 'renew';
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
    listen(globalThis, 'pageshow', (event) => event.persisted && this.#request('/review/claim'));
    const button = control('keep', root);
    if (button) listen(button, 'click', () => this.#request('/review/claim'));
    const timer = setInterval(() => this.#tick(), 1000);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** Acquires the claim. Called when the report is shown: a prefetched page has no claim yet. */
  acquire() {
    return this.#request('/review/claim');
  }

  /** Releases the claim, unless a decision has ended it. */
  release() {
    if (this.#until === null) return;
    this.#until = null;
    this.api.sendBeacon('/review/release', { ref_key: this.refKey });
  }

  /** Called after a decision: the server ends the claim when the decision takes effect. */
  end() {
    this.#until = null;
    this.#hasFailed = false;
  }

  #tick() {
    const isVisible = document.visibilityState === 'visible';
    const isActive = this.#isActive || this.isPlaying();
    const now = this.now();
    const action = nextAction({ until: this.#until, now, lastHeartbeat: this.#lastHeartbeat, isVisible, isActive, hasFailed: this.#hasFailed });
    if (action === 'renew') this.#request('/review/keep');
    else if (action === 'acquire') this.acquire();
    else if (action === 'expire') this.#onExpired(isActive && isVisible);
    else if (action === 'warn') this.#warn(Math.ceil((this.#until - now) / 1000));
  }

  #warn(seconds) {
    const text = this.texts.get('report.expiring', { n: seconds });
    this.#showBar(text, { canKeep: true });
    if (!this.#isWarned) this.announcer.polite(text);
    this.#isWarned = true;
  }

  #onExpired(isPresent) {
    this.#until = null;
    if (isPresent) this.acquire();
    else this.#showBar(this.texts.get('report.expiring', { n: 0 }), { canKeep: true });
  }

  async #request(path) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#lastHeartbeat = this.now();
    this.#isActive = false;
    const { status, data } = await this.api.post(path, { ref_key: this.refKey });
    this.#isBusy = false;
    this.#hasFailed = status !== 200;
    if (this.signal.aborted || status !== 200) return;
    if (data.state === 'mine') this.#onGranted(data);
    else if (data.state === 'held') this.#onHeldByOther(data);
    else if (path === '/review/keep') this.acquire();
  }

  #onGranted({ until, text }) {
    this.#until = until;
    this.#wasHeld = true;
    this.#isWarned = false;
    this.#showBar('', {});
    setText('yours', text, this.root);
  }

  #onHeldByOther({ person, name, text }) {
    const sentence = this.#wasHeld ? this.texts.get('report.taken', { name: isolated(name) }) : text;
    this.#until = null;
    this.#wasHeld = false;
    const from = this.root.querySelector('[data-part="take-over"] [name="from"]');
    if (from) from.value = person;
    this.#showBar(sentence, { canTake: from !== null });
    setText('yours', '', this.root);
    this.announcer.polite(sentence);
  }

  #showBar(text, { canKeep = false, canTake = false }) {
    setText('claim', text, this.root);
    setVisible('claim', text !== '', this.root);
    setVisible('take-over', canTake, this.root);
    const button = control('keep', this.root);
    if (button) button.hidden = !canKeep;
  }
}
