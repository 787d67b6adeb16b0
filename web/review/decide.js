// Approving, and the time in which a decision can be undone.

import { part, say } from './page.js';

/** How long the sentence stands that a decision was sent. */
const SENT = 5000;

/** Why an approval is asked for once more; null if it is not. Pure. */
export function question({ isWatched, fails, isAsked }) {
  if (isAsked) return null;
  if (!isWatched) return 'decision.unwatched';
  return fails > 0 ? 'decision.mismatch' : null;
}

/** What the bar of a decision says. Pure. */
export function undoState(decision, now) {
  if (!decision) return { phase: 'none', seconds: 0 };
  const left = decision.effectiveAt - now;
  if (left > 0) return { phase: 'open', seconds: Math.ceil(left / 1000) };
  return { phase: left > -SENT ? 'sent' : 'none', seconds: 0 };
}

/** The bar with the latest decision: it stays while reports change. */
export class UndoBar {
  #decision = null;
  #isKept = false;

  constructor({ texts, now }) {
    Object.assign(this, { texts, now });
    setInterval(() => this.show(), 500);
  }

  /** The id of the decision that can be undone, or null. */
  get id() {
    if (this.#isKept) return this.#decision.id;
    return undoState(this.#decision, this.now()).phase === 'open' ? this.#decision.id : null;
  }

  /** What the page came with. */
  read(root = document) {
    const form = part('undo', root);
    const { effective, plate, decision } = form?.dataset ?? {};
    if (!effective) return;
    this.set({ id: form.querySelector('[name="id"]').value, plate, decision, effectiveAt: Number(effective) });
  }

  set(decision) {
    this.#decision = decision;
    this.#isKept = false;
    this.show();
  }

  /** A decision that waits for a network: it can be taken back as long as it does. */
  keep(decision) {
    this.#decision = decision;
    this.#isKept = true;
    this.show();
  }

  sentence() {
    const decision = this.#decision;
    if (!decision) return '';
    if (this.#isKept) return this.texts.get('decision.pending');
    const { phase, seconds } = undoState(decision, this.now());
    if (phase === 'sent') return this.texts.get('decision.sent', { plate: decision.plate });
    const key = decision.decision === 'reject' ? 'decision.rejected' : 'decision.approved';
    return phase === 'open' ? this.texts.get(key, { plate: decision.plate, n: seconds }) : '';
  }

  show() {
    const form = part('undo');
    if (!form) return;
    const text = this.sentence();
    form.hidden = text === '';
    say('undo', text, form);
    const button = form.querySelector('[data-do="undo"]');
    if (button) button.hidden = this.id === null;
    const id = form.querySelector('[name="id"]');
    if (id && this.#decision) id.value = this.#decision.id;
  }
}
