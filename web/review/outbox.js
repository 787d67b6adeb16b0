// Decisions that no network has taken yet. Each has the id that its page was given, so that sending one twice
// decides once.

import { outcomeOf } from './api.js';

const PREFIX = 'review.outbox.';
const PATH = '/review/decide';

export class Outbox {
  #isSending = false;

  /** `onEnd(entry, outcome, data)` is called for each that is over: `done`, `refused`. */
  constructor({ kept, person, api, onEnd }) {
    Object.assign(this, { kept, api, onEnd, key: `${PREFIX}${person}` });
  }

  get entries() {
    return this.kept.get(this.key) ?? [];
  }

  /** Keeps a decision: the pairs of its form. A second one with the same id replaces the first. */
  add(entry) {
    this.#write([...this.entries.filter(({ id }) => id !== entry.id), entry]);
  }

  /** Takes a decision back that was not sent; returns it, or null if it is gone. */
  take(id) {
    const found = this.entries.find((entry) => entry.id === id) ?? null;
    if (found) this.#remove(id);
    return found;
  }

  get last() {
    return this.entries.at(-1) ?? null;
  }

  /** Sends what is kept, in order; stops at the first that has to wait. Returns whether nothing is left. */
  async send() {
    if (this.#isSending) return false;
    this.#isSending = true;
    try {
      for (const entry of this.entries) {
        const { status, data } = await this.api.post(PATH, new URLSearchParams(entry.pairs));
        const outcome = outcomeOf(status);
        if (outcome !== 'done' && outcome !== 'refused') return false;
        this.#remove(entry.id);
        this.onEnd(entry, outcome, data);
      }
      return true;
    } finally {
      this.#isSending = false;
    }
  }

  #remove(id) {
    this.#write(this.entries.filter((entry) => entry.id !== id));
  }

  #write(entries) {
    if (entries.length === 0) this.kept.remove(this.key);
    else this.kept.set(this.key, entries);
  }
}

/** The pairs of a form without its token, which belongs to a session. */
export function pairsOf(form, decision) {
  const pairs = [...new FormData(form)].filter(([name, value]) => name !== 'csrf' && typeof value === 'string');
  return [...pairs.filter(([name]) => name !== 'decision'), ['decision', decision]];
}
