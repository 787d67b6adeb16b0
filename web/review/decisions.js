// Decisions of the reviewer from the key to the answer: sending, undoing, and what has become of them, also after
// their report was left.

import { UndoBar, undoForm } from './decide.js';
import { Drafts } from './draft.js';
import { serverClock } from './link.js';
import { Outbox, pairsOf } from './outbox.js';

/** How often decisions that wait for a network are tried again. */
const RETRY = 5000;
/** How often, and how many times, the server is asked whether a decision has taken effect. */
const SETTLING = 1000;
const ASKED = 10;

/** What a refusal says, with its title. */
export function refusalText({ title, text }, texts) {
  return [title, text].filter(Boolean).join('. ') || texts.get('report.gone');
}

export class Decisions {
  #retry = null;

  /** `app` has what all pages have; `data` is the page's. */
  constructor(app, { person, now }) {
    this.app = app;
    const { storage, api, texts } = app;
    this.drafts = new Drafts(storage, person);
    this.outbox = new Outbox({ storage, person, api, onComplete: (...end) => this.#ended(...end) });
    this.bar = new UndoBar({ texts, now: serverClock(now), onExpire: (decision) => this.#ask(decision) });
    this.bar.read();
    // Those of a page that was closed while it had no network.
    this.resume();
  }

  /** Tries at once what waits. */
  resume() {
    if (!this.outbox.isEmpty) this.#retryIn(0);
  }

  /**
   * Sends a decision: its form's pairs and what is known about its report. It is kept before it is sent: whatever
   * happens to this page, it will be sent once. Resolves with the outcome and the answer.
   */
  async send(decision) {
    const entry = this.outbox.add(decision);
    this.bar.keep(entry);
    const { outcome, data } = await this.outbox.post(entry);
    if (outcome === 'done') this.#made(entry, data);
    else if (outcome === 'later') this.#waits(entry);
    else if (outcome !== 'withdrawn') this.#forget(entry);
    return { outcome, data };
  }

  /** The outcome of a decision whose report is not shown any more. */
  left(entry, outcome, data) {
    if (outcome === 'done') this.app.announcer.polite(this.sentence);
    else if (outcome === 'refused') this.#refused(entry, data);
    else if (outcome === 'signed-out' || outcome === 'stale') this.app.stale();
  }

  /** Undoes a decision, whether or not it has arrived, and goes back to its report. */
  async undo(form = undoForm()) {
    const decision = form === undoForm() ? this.bar.current : { id: form.elements.id.value };
    if (!decision) return;
    const pairs = pairsOf(form).filter(([name]) => name !== 'id');
    const entry = this.outbox.withdraw({ plate: '', ...decision, pairs: [...pairs, ['id', decision.id]] });
    this.bar.set(null);
    const { outcome, data } = await this.outbox.post(entry);
    if (outcome === 'done') await this.app.go(data.next, { announcement: data.text });
    else if (outcome === 'later') await this.#undoWaits(entry);
    else if (outcome === 'refused') this.#refused(entry, data);
    else if (outcome === 'signed-out') this.app.signedOut();
    else if (outcome === 'stale') this.app.stale();
  }

  /** What a screen reader hears of the latest decision. */
  get sentence() {
    return `${this.bar.sentence()} ${this.app.texts.get('decision.undo')}: U`;
  }

  /** A draft that was sent comes back with an undo, but not to the next video. */
  #made(entry, { undo }) {
    this.drafts.merge(entry.refKey, entry.version, { isSent: true });
    if (!this.#isShown(entry)) return;
    if (undo) this.bar.set({ ...entry, ...undo });
    // The answer of an earlier request was lost, and its time is over.
    else this.bar.sent(entry);
  }

  /** Whether the bar has this decision, or none: a later one is the one to undo. */
  #isShown({ id }) {
    const { current } = this.bar;
    return current === null || current.id === id;
  }

  #waits(entry) {
    if (this.#isShown(entry)) this.bar.keep(entry, this.app.texts.get('decision.pending'));
    this.#retryIn(RETRY);
  }

  /** Whoever has to sign in or to correct something finds the draft and decides: nothing is sent by itself then. */
  #forget(entry) {
    this.outbox.remove(entry.id);
    if (this.#isShown(entry)) this.bar.set(null);
  }

  async #undoWaits(entry) {
    const { app } = this;
    this.#retryIn(RETRY);
    if (app.review?.data.refKey === entry.refKey) app.review.reopen();
    else if (app.review && entry.url) await app.go(entry.url);
    app.messages.show({ id: entry.id, text: app.texts.get('decision.undo_kept') });
  }

  /** Something that has waited was answered. */
  #ended(entry, outcome, data) {
    const { app } = this;
    app.messages.close(entry.id);
    if (outcome === 'refused') this.#refused(entry, data);
    else if (entry.kind === 'undo') this.#undone(entry, data);
    else {
      this.#made(entry, data);
      app.announcer.polite(this.sentence);
      // The report that could not be left without a network.
      if (app.review?.data.refKey === entry.refKey) app.go(data.next);
    }
  }

  #undone(entry, { state, text, next }) {
    if (state === 'undone') this.app.announcer.polite(text);
    else this.app.messages.add({ id: entry.id, text: named(entry, text), url: next });
  }

  #refused(entry, data) {
    const { app } = this;
    this.#forget(entry);
    if (app.review?.data.refKey === entry.refKey) app.review.reopen();
    app.messages.add({ id: entry.id, text: named(entry, refusalText(data, app.texts)), url: entry.url });
  }

  /** The time to undo a decision is over. It is void if its report has changed. */
  async #ask(decision, asked = 1) {
    const { status, data } = await this.app.api.get(`/review/decision?id=${decision.id}`, { isBackground: true });
    if (status !== 200) return;
    if (data.state === 'effective') this.bar.sent(decision);
    else if (data.state === 'void') this.app.counts.load();
    else if (data.state === 'pending' && asked < ASKED) setTimeout(() => this.#ask(decision, asked + 1), SETTLING);
  }

  #retryIn(wait) {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(async () => {
      const outcome = await this.outbox.send();
      if (outcome === 'later') this.#retryIn(RETRY);
      // No request of this page can succeed any more.
      else if (outcome !== 'done') this.app.stale();
    }, wait);
  }
}

const named = ({ plate }, text) => (plate ? `${plate}: ${text}` : text);
