// An outbox in local storage: decisions and undos that the server has not acknowledged. The id, which comes with the
// form, is an idempotency key, so retries are safe. Each entry has its own storage key, because tabs write
// concurrently.

import { outcomeOf } from './api.js';

const PREFIX = 'review.outbox.';
const PATHS = { decide: '/review/decide', undo: '/review/undo' };
/** Milliseconds. A newer entry may still be in flight in another tab. Longer than the timeout of a request. */
const MAX_REQUEST_TIME = 20_000;

const isFinal = (outcome) => outcome === 'done' || outcome === 'refused';

export class Outbox {
  #isFlushing = false;
  #inFlight = new Set();

  /** `onComplete(entry, outcome, data)` is called when a queued entry is `done` or `refused`. */
  constructor({ storage, person, api, onComplete, now = Date.now }) {
    Object.assign(this, { storage, api, onComplete, now, prefix: `${PREFIX}${person}.` });
  }

  /** All entries, oldest first. */
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

  /** Stores a decision with the pairs of its form. Returns the entry. */
  add(decision) {
    return this.#write({ kind: 'decide', at: this.now(), isWaiting: false, ...decision });
  }

  /**
   * Replaces a decision by its undo. The undo is sent in any case: a request without a response may have reached the
   * server. `decision` is used if its entry was already removed.
   */
  withdraw(decision) {
    const entry = this.find(decision.id) ?? { at: this.now(), ...decision };
    return this.#write({ ...entry, kind: 'undo', isWaiting: false });
  }

  remove(id) {
    this.storage.remove(this.prefix + id);
  }

  /**
   * Sends an entry, after older entries about the same report. Resolves with its outcome and the response; the outcome
   * is `withdrawn` if the decision was undone meanwhile.
   */
  async post(entry) {
    for (const older of this.entries) {
      if (older.refKey !== entry.refKey || older.id === entry.id || older.at > entry.at) continue;
      const { outcome, data } = await this.#attempt(older);
      if (isFinal(outcome)) this.onComplete(older, outcome, data);
      else if (outcome !== 'withdrawn') return { outcome: this.#markWaiting(entry, outcome), data };
    }
    return this.#attempt(entry);
  }

  /**
   * Sends the queued entries in order until one has to be retried. Resolves with `done` if the outbox is empty, else
   * with the outcome that stopped it.
   */
  async flush() {
    if (this.#isFlushing) return 'retry';
    this.#isFlushing = true;
    try {
      for (const { id } of this.entries) {
        const entry = this.find(id);
        if (!entry || !this.#isRetryable(entry)) continue;
        const { outcome, data } = await this.#attempt(entry, { isBackground: true });
        if (isFinal(outcome)) this.onComplete(entry, outcome, data);
        else if (outcome !== 'withdrawn') return outcome;
      }
      return this.isEmpty ? 'done' : 'retry';
    } finally {
      this.#isFlushing = false;
    }
  }

  #isRetryable(entry) {
    const isRecent = Math.abs(this.now() - entry.at) < MAX_REQUEST_TIME;
    return !this.#inFlight.has(keyOf(entry)) && (entry.isWaiting || !isRecent);
  }

  async #attempt(entry, options) {
    this.#inFlight.add(keyOf(entry));
    const { status, data } = await this.api.post(PATHS[entry.kind], new URLSearchParams(entry.pairs), options);
    this.#inFlight.delete(keyOf(entry));
    if (this.find(entry.id)?.kind !== entry.kind) return { outcome: 'withdrawn', data };
    const outcome = outcomeOf(status, data);
    if (isFinal(outcome)) this.remove(entry.id);
    return { outcome: isFinal(outcome) ? outcome : this.#markWaiting(entry, outcome), data };
  }

  #markWaiting(entry, outcome) {
    this.#write({ ...entry, isWaiting: true });
    return outcome;
  }

  #write(entry) {
    this.storage.set(this.prefix + entry.id, entry);
    return entry;
  }
}

const keyOf = ({ kind, id }) => `${kind} ${id}`;

/** The pairs of a form without the CSRF token, which is valid for one session only. */
export function pairsOf(form, decision) {
  const pairs = [...new FormData(form)].filter(([name, value]) => name !== 'csrf' && typeof value === 'string');
  if (!decision) return pairs;
  return [...pairs.filter(([name]) => name !== 'decision'), ['decision', decision]];
}
