// Approving, and the time in which a decision can be undone.

import { setText } from './page.js';

/** How long the sentence stands that a decision was sent. */
const SENT = 5000;

/** Why an approval is asked for once more; null if it is not. Pure. */
export function confirmationFor({ isWatched, fails, isAsked }) {
  if (isAsked) return null;
  if (!isWatched) return 'decision.unwatched';
  return fails > 0 ? 'decision.mismatch' : null;
}

/**
 * What the bar of a decision says. Pure. `over` until the server has said what has become of it: the report may have
 * changed, and then nothing is sent.
 */
export function undoState(decision, now) {
  if (!decision) return { phase: 'none', seconds: 0 };
  const left = decision.effectiveAt - now;
  if (left > 0) return { phase: 'open', seconds: Math.ceil(left / 1000) };
  if (decision.sentAt === undefined) return { phase: 'over', seconds: 0 };
  return { phase: now - decision.sentAt < SENT ? 'sent' : 'none', seconds: 0 };
}

/** The form of the latest decision; the list of a day has other undos. */
export const undoForm = (root = document) => root.querySelector('[data-part="undo"]:has([data-show="undo"])');

/** The bar with the latest decision: it stays while reports change. */
export class UndoBar {
  #decision = null;
  #isKept = false;
  #sentence = '';
  #isAsked = false;

  /** `onOver(decision)` is called when the time to undo it is over. */
  constructor({ texts, now, onExpire }) {
    Object.assign(this, { texts, now, onExpire });
    setInterval(() => this.show(), 500);
  }

  /** The decision that can be undone, or null. */
  get current() {
    return this.#isKept || undoState(this.#decision, this.now()).phase === 'open' ? this.#decision : null;
  }

  /** What the page came with. */
  read(root = document) {
    const form = undoForm(root);
    const { effective, plate, decision } = form?.dataset ?? {};
    if (!effective) return;
    this.set({ id: form.querySelector('[name="id"]').value, plate, decision, effectiveAt: Number(effective) });
  }

  set(decision) {
    this.#decision = decision;
    this.#isKept = false;
    this.#isAsked = false;
    this.show();
  }

  /** A decision without an answer: it can be undone as long as it has none. */
  keep(decision, sentence = '') {
    this.#decision = decision;
    this.#isKept = true;
    this.#sentence = sentence;
    this.show();
  }

  /** The server has made the decision effective. */
  sent({ id, plate }) {
    if (this.#decision && this.#decision.id !== id) return;
    this.set({ id, plate, effectiveAt: 0, sentAt: this.now() });
  }

  sentence() {
    const decision = this.#decision;
    if (!decision) return '';
    if (this.#isKept) return this.#sentence;
    const { phase, seconds } = undoState(decision, this.now());
    if (phase === 'sent') return this.texts.get('decision.sent', { plate: decision.plate });
    const key = decision.decision === 'reject' ? 'decision.rejected' : 'decision.approved';
    return phase === 'open' ? this.texts.get(key, { plate: decision.plate, n: seconds }) : '';
  }

  show() {
    this.#ask();
    const form = undoForm();
    if (!form) return;
    const text = this.sentence();
    form.hidden = text === '';
    setText('undo', text, form);
    const button = form.querySelector('[data-do="undo"]');
    if (button) button.hidden = this.current === null;
    const id = form.querySelector('[name="id"]');
    if (id && this.#decision) id.value = this.#decision.id;
  }

  #ask() {
    if (this.#isKept || this.#isAsked || undoState(this.#decision, this.now()).phase !== 'over') return;
    this.#isAsked = true;
    this.onExpire(this.#decision);
  }
}
