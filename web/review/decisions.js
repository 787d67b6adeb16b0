// Sends and undoes the reviewer's decisions, and reports their outcome, also after the reviewer has gone on to another
// report.

import { UndoBar, undoForm } from './decide.js';
import { Drafts } from './draft.js';
import { serverClock } from './link.js';
import { Outbox, pairsOf } from './outbox.js';

/** Interval of retries without a network. */
const RETRY = 5000;
/** Polling whether a decision has taken effect. */
const POLL_INTERVAL = 1000;
const MAX_POLLS = 10;

/** The text of a refusal, with its title. */
export function refusalText({ title, text }, texts) {
  return [title, text].filter(Boolean).join('. ') || texts.get('report.gone');
}

export class Decisions {
  #retryTimer = null;

  /** `app` is the `App` of `main.js`; `now` is the server's time when the page was made. */
  constructor(app, { person, now }) {
    this.app = app;
    const { storage, api, texts } = app;
    this.drafts = new Drafts(storage, person);
    this.outbox = new Outbox({ storage, person, api, onComplete: (...end) => this.#onComplete(...end) });
    this.bar = new UndoBar({ texts, now: serverClock(now), onExpire: (decision) => this.#poll(decision) });
    this.bar.read();
    // An earlier page may have been closed before it could send its decisions.
    this.resume();
  }

  /** Retries the queued decisions at once. */
  resume() {
    if (!this.outbox.isEmpty) this.#retryIn(0);
  }

  /**
   * Sends a decision: the pairs of its form and the facts about its report. It is stored in the outbox first, so that
   * it is sent exactly once even if this page is closed. Resolves with the outcome and the response.
   */
  async send(decision) {
    const entry = this.outbox.add(decision);
    this.bar.setUnacknowledged(entry);
    const { outcome, data } = await this.outbox.post(entry);
    if (outcome === 'done') this.#onAccepted(entry, data);
    else if (outcome === 'retry') this.#retryLater(entry);
    else if (outcome !== 'withdrawn') this.#discard(entry);
    return { outcome, data };
  }

  /** Handles the outcome of a decision whose report is no longer shown. */
  finishInBackground(entry, outcome, data) {
    if (outcome === 'done') this.app.announcer.polite(this.sentence);
    else if (outcome === 'refused') this.#onRefused(entry, data);
    else if (outcome === 'signed-out' || outcome === 'stale') this.app.stale();
  }

  /** Undoes a decision, even if it is unknown whether the server has received it, and goes back to its report. */
  async undo(form = undoForm()) {
    const decision = form === undoForm() ? this.bar.current : { id: form.elements.id.value };
    if (!decision) return;
    const pairs = pairsOf(form).filter(([name]) => name !== 'id');
    const entry = this.outbox.withdraw({ plate: '', ...decision, pairs: [...pairs, ['id', decision.id]] });
    this.bar.set(null);
    const { outcome, data } = await this.outbox.post(entry);
    if (outcome === 'done') await this.app.go(data.next, { announcement: data.text });
    else if (outcome === 'retry') await this.#retryUndoLater(entry);
    else if (outcome === 'refused') this.#onRefused(entry, data);
    else if (outcome === 'signed-out') this.app.signedOut();
    else if (outcome === 'stale') this.app.stale();
  }

  /** The announcement of the latest decision for screen readers. */
  get sentence() {
    return `${this.bar.sentence()} ${this.app.texts.get('decision.undo')}: U`;
  }

  /** The draft is marked as sent: an undo restores it, but the next video of the report starts without it. */
  #onAccepted(entry, { undo }) {
    this.drafts.merge(entry.refKey, entry.version, { isSent: true });
    if (!this.#isInBar(entry)) return;
    if (undo) this.bar.set({ ...entry, ...undo });
    // The response to an earlier request was lost, and the decision can no longer be undone.
    else this.bar.markSent(entry);
  }

  /** Whether the bar shows this decision or none. A later decision replaces an earlier one. */
  #isInBar({ id }) {
    const { current } = this.bar;
    return current === null || current.id === id;
  }

  #retryLater(entry) {
    if (this.#isInBar(entry)) this.bar.setUnacknowledged(entry, this.app.texts.get('decision.pending'));
    this.#retryIn(RETRY);
  }

  /** Removes a decision that needs the reviewer (sign-in, correction). The draft is kept; nothing is sent later. */
  #discard(entry) {
    this.outbox.remove(entry.id);
    if (this.#isInBar(entry)) this.bar.set(null);
  }

  async #retryUndoLater(entry) {
    const { app } = this;
    this.#retryIn(RETRY);
    if (app.review?.data.refKey === entry.refKey) app.review.reopen();
    else if (app.review && entry.url) await app.go(entry.url);
    app.messages.show({ id: entry.id, text: app.texts.get('decision.undo_kept') });
  }

  /** Handles the response to a retried entry. */
  #onComplete(entry, outcome, data) {
    const { app } = this;
    app.messages.close(entry.id);
    if (outcome === 'refused') this.#onRefused(entry, data);
    else if (entry.kind === 'undo') this.#onUndone(entry, data);
    else {
      this.#onAccepted(entry, data);
      app.announcer.polite(this.sentence);
      // Without a network the next report could not be loaded.
      if (app.review?.data.refKey === entry.refKey) app.go(data.next);
    }
  }

  #onUndone(entry, { state, text, next }) {
    if (state === 'undone') this.app.announcer.polite(text);
    else this.app.messages.add({ id: entry.id, text: named(entry, text), url: next });
  }

  #onRefused(entry, data) {
    const { app } = this;
    this.#discard(entry);
    if (app.review?.data.refKey === entry.refKey) app.review.reopen();
    app.messages.add({ id: entry.id, text: named(entry, refusalText(data, app.texts)), url: entry.url });
  }

  /** Asks whether a decision has taken effect, which is void if its report has changed. */
  async #poll(decision, polls = 1) {
    const { status, data } = await this.app.api.get(`/review/decision?id=${decision.id}`, { isBackground: true });
    if (status !== 200) return;
    if (data.state === 'effective') this.bar.markSent(decision);
    else if (data.state === 'void') this.app.counts.load();
    else if (data.state === 'pending' && polls < MAX_POLLS) setTimeout(() => this.#poll(decision, polls + 1), POLL_INTERVAL);
  }

  #retryIn(wait) {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(async () => {
      const outcome = await this.outbox.flush();
      if (outcome === 'retry') this.#retryIn(RETRY);
      // No request of this page can succeed any more.
      else if (outcome !== 'done') this.app.stale();
    }, wait);
  }
}

const named = ({ plate }, text) => (plate ? `${plate}: ${text}` : text);
