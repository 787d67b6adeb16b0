// The checklist of the vehicle type's instructions. A tick stores the position in the video at which it was made.

import { nextItem, withSkipped, withTick } from './draft.js';
import { clock, part, setText } from './page.js';

export class Checklist {
  #last = -1;

  /** `onChange(draft, count)` is called when a tick changes; `count` is the text of the counter. */
  constructor(root, { texts, draft, signal, onChange, time, seek }) {
    Object.assign(this, { root, texts, draft, onChange, time, seek });
    const list = part('items', root);
    this.items = list ? [...list.querySelectorAll('[data-item]')] : [];
    for (const [index, item] of this.items.entries()) {
      this.#box(item).addEventListener('change', (event) => this.set(index, event.target.checked), { signal });
      const seen = item.querySelector('[data-do="seen"]');
      seen?.addEventListener('click', () => this.seek(this.draft.ticks[index]), { signal });
    }
    this.show();
  }

  get next() {
    return nextItem(this.draft, this.items.length, this.#last);
  }

  /** Runs a command. Returns false if the name is unknown. */
  run(name, value) {
    const commands = {
      tick: () => this.next >= 0 && this.set(this.next, true),
      'skip-item': () => this.next >= 0 && this.#skip(this.next),
      item: () => value < this.items.length && this.set(value, !(value in this.draft.ticks)),
      all: () => this.#all(),
    };
    commands[name]?.();
    return name in commands;
  }

  set(index, isTicked) {
    this.#last = index;
    this.#change(withTick(this.draft, index, isTicked, this.time()));
  }

  #skip(index) {
    this.#last = index;
    this.#change(withSkipped(this.draft, index));
  }

  #all() {
    const rest = [...this.items.keys()].filter((index) => !(index in this.draft.ticks));
    this.#change(rest.reduce((draft, index) => withTick(draft, index, true, this.time()), this.draft));
  }

  #change(draft) {
    this.draft = draft;
    this.show();
    this.onChange(draft, this.count);
  }

  get count() {
    const a = Object.keys(this.draft.ticks).length;
    return this.texts.get('checklist.count', { a, n: this.items.length });
  }

  show() {
    const { next } = this;
    for (const [index, item] of this.items.entries()) {
      const time = this.draft.ticks[index];
      this.#box(item).checked = time !== undefined;
      item.toggleAttribute('data-next', index === next);
      const seen = item.querySelector('[data-do="seen"]');
      if (!seen) continue;
      seen.hidden = time === undefined;
      seen.textContent = clock(time);
      seen.setAttribute('aria-label', this.texts.get('checklist.seen', { t: clock(time) }));
    }
    if (this.items.length > 0) setText('count', this.count, this.root);
  }

  #box(item) {
    return item.querySelector('input[type="checkbox"]');
  }
}
