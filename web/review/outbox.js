// Decisions and undos until the server has answered them. Each has the id that its page was given, so that sending
// one twice decides once. Every entry has a key of its own, because tabs write at the same time.

import { outcomeOf } from './api.js';

const PREFIX = 'review.outbox.';
const PATHS = { decide: '/review/decide', undo: '/review/undo' };
/** Another tab may still be sending an entry that is younger: longer than a request may take. */
const YOUNG = 20_000;

const isFinal = (outcome) => outcome === 'done' || outcome === 'refused';

export class Outbox {
  #isSending = false;
  #running = new Set();

  /** `onEnd(entry, outcome, data)` is called for each that `send` has finished: `done`, `refused`. */
  constructor({ storage, person, api, onComplete, now = Date.now }) {
    Object.assign(this, { storage, api, onComplete, now, prefix: `${PREFIX}${person}.` });
  }

  /** The oldest first. */
  get entries() {
    const all = this.storage.keys(this.prefix).map((key) => this.storage.get(key)).filter((entry) => entry !== null);
    return all.sort((one, other) => one.at - other.at);
  }

  get isEmpty() {
    return this.entries.length === 0;
  }

  find(id) {
    return this.storage.get(this.prefix + id);
  }

  /** Keeps a decision: the pairs of its form. Returns the entry. */
  add(decision) {
    return this.#write({ kind: 'decide', at: this.now(), isWaiting: false, ...decision });
  }

  /**
   * Replaces a decision by its undo. The undo is sent even if the decision was not: nobody knows here whether a
   * request without an answer has arrived. `decision` is used if there is no entry any more.
   */
  withdraw(decision) {
    const entry = this.find(decision.id) ?? { at: this.now(), ...decision };
    return this.#write({ ...entry, kind: 'undo', isWaiting: false });
  }

  remove(id) {
    this.storage.remove(this.prefix + id);
  }

  /**
   * Sends an entry, after older ones about the same report. Resolves with its outcome and the answer; `withdrawn`
   * if it was undone meanwhile.
   */
  async post(entry) {
    for (const older of this.entries) {
      if (older.refKey !== entry.refKey || older.id === entry.id || older.at > entry.at) continue;
      const { outcome, data } = await this.#attempt(older);
      if (isFinal(outcome)) this.onComplete(older, outcome, data);
      else if (outcome !== 'withdrawn') return { outcome: this.#waits(entry, outcome), data };
    }
    return this.#attempt(entry);
  }

  /**
   * Sends what waits, in order; stops at the first that has to wait. Returns `done` if nothing is left, else why
   * something is.
   */
  async send() {
    if (this.#isSending) return 'later';
    this.#isSending = true;
    try {
      for (const { id } of this.entries) {
        const entry = this.find(id);
        if (!entry || !this.#isFree(entry)) continue;
        const { outcome, data } = await this.#attempt(entry, { isBackground: true });
        if (isFinal(outcome)) this.onComplete(entry, outcome, data);
        else if (outcome !== 'withdrawn') return outcome;
      }
      return this.isEmpty ? 'done' : 'later';
    } finally {
      this.#isSending = false;
    }
  }

  #isFree(entry) {
    const isYoung = Math.abs(this.now() - entry.at) < YOUNG;
    return !this.#running.has(nameOf(entry)) && (entry.isWaiting || !isYoung);
  }

  async #attempt(entry, options) {
    this.#running.add(nameOf(entry));
    const { status, data } = await this.api.post(PATHS[entry.kind], new URLSearchParams(entry.pairs), options);
    this.#running.delete(nameOf(entry));
    if (this.find(entry.id)?.kind !== entry.kind) return { outcome: 'withdrawn', data };
    const outcome = outcomeOf(status, data);
    if (isFinal(outcome)) this.remove(entry.id);
    return { outcome: isFinal(outcome) ? outcome : this.#waits(entry, outcome), data };
  }

  #waits(entry, outcome) {
    this.#write({ ...entry, isWaiting: true });
    return outcome;
  }

  #write(entry) {
    this.storage.set(this.prefix + entry.id, entry);
    return entry;
  }
}

const nameOf = ({ kind, id }) => `${kind} ${id}`;

/** The pairs of a form without its token, which belongs to a session. */
export function pairsOf(form, decision) {
  const pairs = [...new FormData(form)].filter(([name, value]) => name !== 'csrf' && typeof value === 'string');
  if (!decision) return pairs;
  return [...pairs.filter(([name]) => name !== 'decision'), ['decision', decision]];
}
