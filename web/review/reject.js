// The form of a rejection beside the video.

import { preselected } from './draft.js';
import { control, focus, part, setVisible, setText, timeOfDay } from './page.js';
import { compose, lengthOf, LONGEST, problemOf } from './reason.js';

export class RejectForm {
  /** `onChange(values)` is called with what is ticked and typed. */
  constructor(root, { texts, reason, signal, onChange }) {
    Object.assign(this, { root, texts, reason, onChange });
    this.form = part('reject', root);
    this.form?.addEventListener('input', () => this.#changed(), { signal });
  }

  get isOpen() {
    return this.form !== null && !this.form.hidden;
  }

  get values() {
    const data = new FormData(this.form);
    return { items: data.getAll('item'), codes: data.getAll('code'), text: data.get('text') ?? '' };
  }

  /** Ticks and types what a draft has. */
  fill(draft) {
    if (!this.form) return;
    const items = this.#boxes('item');
    const missing = preselected(draft, items.length).map((index) => items[index].value);
    const chosen = draft.items ?? missing;
    for (const box of items) {
      box.checked = chosen.includes(box.value);
      // What the video shows is no reason: the form stays short. A tick is taken back in the list.
      box.parentElement.hidden = missing.length > 0 && !missing.includes(box.value) && !box.checked;
    }
    for (const box of this.#boxes('code')) box.checked = draft.codes.includes(box.value);
    this.form.elements.text.value = draft.text;
    this.show();
  }

  open() {
    if (!this.form) return;
    this.#switch(true);
    this.show();
    focus(this.form.querySelector('label:not([hidden]) > input[type="checkbox"]') ?? this.form.elements.text);
  }

  close() {
    this.#switch(false);
    focus(control('reject', this.root));
  }

  #switch(isOpen) {
    this.form.hidden = !isOpen;
    setVisible('side', !isOpen, this.root);
    setVisible('dock-reject', isOpen, this.root);
    setVisible('dock-watch', !isOpen, this.root);
    this.root.dataset.mode = isOpen ? 'reject' : 'watch';
  }

  /** ↑ and ↓ go through the boxes of a group, and around its ends. */
  move(step) {
    const box = document.activeElement;
    if (!this.form.contains(box) || box.type !== 'checkbox') return;
    const group = this.#boxes(box.name).filter(({ parentElement }) => !parentElement.hidden);
    group[(group.indexOf(box) + step + group.length) % group.length].focus();
  }

  /** Returns whether the form can be sent; otherwise says why. */
  check() {
    const problem = problemOf(this.values);
    this.refuse(problem ? this.texts.get(problem) : '');
    return problem === null;
  }

  /** The summary above the form; it gets the focus, and the title of the page says so too. */
  refuse(text) {
    setText('problem', text, this.root);
    setVisible('problem', text !== '', this.root);
    const prefix = `${this.texts.get('common.error_prefix')} `;
    document.title = (text ? prefix : '') + document.title.replace(prefix, '');
    if (text) focus(part('problem', this.root));
  }

  saved(at) {
    const time = at === null ? '' : timeOfDay(at, this.texts.language);
    setText('kept', time && this.texts.get('reject.draft', { time }), this.root);
  }

  show() {
    const { values } = this;
    setText('left', this.texts.count('reject.left', Math.max(0, LONGEST - lengthOf(values.text))), this.root);
    // The driver reads the words of the list, which may be fewer than what is stored.
    const items = this.#boxes('item').filter((box) => box.checked).map(({ parentElement }) => parentElement.textContent.trim());
    const lines = compose({ ...values, items }, this.reason).map((line) => {
      const element = document.createElement('p');
      element.textContent = line;
      return element;
    });
    part('preview', this.root)?.replaceChildren(...lines);
  }

  #changed() {
    this.show();
    this.onChange(this.values);
  }

  #boxes(name) {
    return [...this.form.querySelectorAll(`input[type="checkbox"][name="${name}"]`)];
  }
}
