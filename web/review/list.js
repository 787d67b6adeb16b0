// Lists: keyboard navigation between rows, restoring the row on return, and counts that are loaded after the page.

import { control, focus, openStorage, part, setText, setVisible, timeOfDay } from './page.js';

const ROW = 'review.row';
const REFRESH_INTERVAL = 60_000;

/** The index after a step from `index` (-1: none yet), limited to the ends of the list. Pure. */
export function stepIndex(index, step, count) {
  if (count === 0) return -1;
  if (index < 0) return step > 0 ? 0 : count - 1;
  return Math.min(count - 1, Math.max(0, index + step));
}

/** Parses a formatted count such as `1 862`; null for a capped one such as `1,000+`. Pure. */
export function parseCount(text) {
  const digits = String(text ?? '').replace(/[\s\u00a0\u202f,.]/g, '');
  return /^\d+$/.test(digits) ? Number(digits) : null;
}

export class List {
  constructor() {
    this.session = openStorage('sessionStorage');
    this.links = [...(part('rows')?.querySelectorAll('[data-row] a[data-open]') ?? [])];
    for (const link of this.links) link.addEventListener('click', () => this.#remember(link));
    this.#restoreRow();
  }

  get #index() {
    return this.links.findIndex((link) => link.closest('[data-row]').contains(document.activeElement));
  }

  run(name) {
    const commands = {
      down: () => this.#move(1),
      up: () => this.#move(-1),
      open: () => (this.links[this.#index] ?? control('start'))?.click(),
      search: () => this.#search(),
      undo: () => part('undo')?.hidden === false && part('undo').requestSubmit(),
      escape: () => document.activeElement?.matches('[data-part="search"]') && this.#move(1),
    };
    commands[name]?.();
    return name in commands;
  }

  #move(step) {
    const link = this.links[stepIndex(this.#index, step, this.links.length)];
    link?.focus();
    link?.scrollIntoView({ block: 'nearest' });
  }

  #search() {
    const field = part('search');
    field?.focus();
    field?.select();
  }

  #remember(link) {
    this.session.set(ROW, { page: location.pathname + location.search, row: link.closest('[data-row]').dataset.row });
  }

  /** Focuses the row that was opened last. After a filter, a page change or the last decision, focuses the heading. */
  #restoreRow() {
    const found = this.session.get(ROW);
    this.session.remove(ROW);
    const link = this.links.find((one) => one.closest('[data-row]').dataset.row === found?.row);
    if (link && found.page === location.pathname + location.search) link.focus({ preventScroll: false });
    else if (document.referrer.startsWith(`${location.origin}/review`) && !document.querySelector('[autofocus]')) {
      focus(document.querySelector('.empty [tabindex="-1"]') ?? part('heading'));
    }
  }
}

/** The counts of filters and navigation, and the number of new reports since the list was loaded. */
export class Counts {
  #first = null;

  /** `onVoid(messages)` gets the messages about decisions that did not take effect. */
  constructor({ url, api, texts, onVoid }) {
    Object.assign(this, { url, api, texts, onVoid, loadedAt: Date.now() });
    if (!document.querySelector('[data-count]')) return;
    this.load();
    setInterval(() => document.visibilityState === 'visible' && this.load(), REFRESH_INTERVAL);
    addEventListener('online', () => this.load());
    addEventListener('offline', () => this.#showStale());
  }

  async load() {
    const { status, data } = await this.api.get(this.url, { isBackground: true });
    if (status !== 200) {
      if (status === 0) this.#showStale();
      return;
    }
    setText('stale', '');
    for (const element of document.querySelectorAll('[data-count]')) {
      element.textContent = data[element.dataset.count] ?? '';
    }
    this.#showNew(parseCount(data.queue));
    this.onVoid(data.void ?? []);
  }

  #showNew(waiting) {
    this.#first ??= waiting;
    const more = waiting !== null && this.#first !== null ? waiting - this.#first : 0;
    // Not announced: a new report must not interrupt a screen reader.
    setText('new', more > 0 ? this.texts.count('queue.new', more) : '');
    setVisible('new', more > 0);
  }

  #showStale() {
    const time = timeOfDay(this.loadedAt, this.texts.language);
    if (part('rows')) setText('stale', this.texts.get('queue.stale', { time }));
  }
}
