// Confirmation of approvals, and the bar that offers to undo the latest decision.

import { setText } from './page.js';

/** Milliseconds for which the bar says that a decision was sent. */
const SENT_SHOWN_FOR = 5000;

/** The text key of the question to confirm an approval with; null if no confirmation is needed. Pure. */
export function confirmationFor({ isWatched, fails, isConfirming }) {
  if (isConfirming) return null;
  if (!isWatched) return 'decision.unwatched';
  return fails > 0 ? 'decision.mismatch' : null;
}

/**
 * The state of the undo bar. Pure. `open`: the decision can be undone; `expired`: the time is over, but the server has
 * not confirmed the decision yet (it is void if the report has changed); `sent`: confirmed; `none`: nothing to show.
 */
export function undoState(decision, now) {
  if (!decision) return { phase: 'none', seconds: 0 };
  const left = decision.effectiveAt - now;
  if (left > 0) return { phase: 'open', seconds: Math.ceil(left / 1000) };
  if (decision.sentAt === undefined) return { phase: 'expired', seconds: 0 };
  return { phase: now - decision.sentAt < SENT_SHOWN_FOR ? 'sent' : 'none', seconds: 0 };
}

/** The undo form of the latest decision; the list of a day contains further undo forms. */
export const undoForm = (root = document) => root.querySelector('[data-part="undo"]:has([data-show="undo"])');

/** The undo bar of the latest decision. It outlives the report shown. */
export class UndoBar {
  #decision = null;
  #isUnacknowledged = false;
  #sentence = '';
  #hasExpired = false;

  /** `onExpire(decision)` is called once when the decision can no longer be undone. */
  constructor({ texts, now, onExpire }) {
    Object.assign(this, { texts, now, onExpire });
    setInterval(() => this.show(), 500);
  }

  /** The decision that can be undone, or null. */
  get current() {
    return this.#isUnacknowledged || undoState(this.#decision, this.now()).phase === 'open' ? this.#decision : null;
  }

  /** Reads the latest decision from the HTML of the page. */
  read(root = document) {
    const form = undoForm(root);
    const { effective, plate, decision } = form?.dataset ?? {};
    if (!effective) return;
    this.set({ id: form.querySelector('[name="id"]').value, plate, decision, effectiveAt: Number(effective) });
  }

  set(decision) {
    this.#decision = decision;
    this.#isUnacknowledged = false;
    this.#hasExpired = false;
    this.show();
  }

  /** Shows a decision that the server has not acknowledged yet: it can be undone without a time limit. */
  setUnacknowledged(decision, sentence = '') {
    this.#decision = decision;
    this.#isUnacknowledged = true;
    this.#sentence = sentence;
    this.show();
  }

  /** Shows that the server has made the decision effective. */
  markSent({ id, plate }) {
    if (this.#decision && this.#decision.id !== id) return;
    this.set({ id, plate, effectiveAt: 0, sentAt: this.now() });
  }

  sentence() {
    const decision = this.#decision;
    if (!decision) return '';
    if (this.#isUnacknowledged) return this.#sentence;
    const { phase, seconds } = undoState(decision, this.now());
    if (phase === 'sent') return this.texts.get('decision.sent', { plate: decision.plate });
    const key = decision.decision === 'reject' ? 'decision.rejected' : 'decision.approved';
    return phase === 'open' ? this.texts.get(key, { plate: decision.plate, n: seconds }) : '';
  }

  show() {
    this.#checkExpiry();
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

  #checkExpiry() {
    if (this.#isUnacknowledged || this.#hasExpired || undoState(this.#decision, this.now()).phase !== 'expired') return;
    this.#hasExpired = true;
    this.onExpire(this.#decision);
  }
}
