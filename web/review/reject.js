// The rejection form next to the video.

import { preselected } from './draft.js';
import { control, focus, part, setText, setVisible, timeOfDay } from './page.js';
import { compose, lengthOf, MAX_LENGTH, problemOf } from './reason.js';

export class RejectForm {
  /** `onChange(values)` gets the selected items and codes and the text. */
  constructor(root, { texts, reason, signal, onChange }) {
    Object.assign(this, { root, texts, reason, onChange });
    this.form = part('reject', root);
    this.form?.addEventListener('input', () => this.#onInput(), { signal });
  }

  get isOpen() {
    return this.form !== null && !this.form.hidden;
  }

  get values() {
    const data = new FormData(this.form);
    return { items: data.getAll('item'), codes: data.getAll('code'), text: data.get('text') ?? '' };
  }

  /** Fills the form from a draft. */
  fill(draft) {
    if (!this.form) return;
    const items = this.#boxes('item');
    const missing = preselected(draft, items.length).map((index) => items[index].value);
    const chosen = draft.items ?? missing;
    for (const box of items) {
      box.checked = chosen.includes(box.value);
      // Items ticked as shown in the video are hidden; the checklist can untick them.
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

  /** Moves the focus within a group of checkboxes; wraps around. */
  move(step) {
    const box = document.activeElement;
    if (!this.form.contains(box) || box.type !== 'checkbox') return;
    const group = this.#boxes(box.name).filter(({ parentElement }) => !parentElement.hidden);
    group[(group.indexOf(box) + step + group.length) % group.length].focus();
  }

  /** Validates the form. Shows the problem and returns false if it cannot be sent. */
  check() {
    const problem = problemOf(this.values);
    this.showProblem(problem ? this.texts.get(problem) : '');
    return problem === null;
  }

  /** Shows a problem above the form, focuses it and prefixes the page title; an empty text hides it. */
  showProblem(text) {
    setText('problem', text, this.root);
    setVisible('problem', text !== '', this.root);
    const prefix = `${this.texts.get('common.error_prefix')} `;
    document.title = (text ? prefix : '') + document.title.replace(prefix, '');
    if (text) focus(part('problem', this.root));
  }

  showSaved(at) {
    const time = at === null ? '' : timeOfDay(at, this.texts.language);
    setText('kept', time && this.texts.get('reject.draft', { time }), this.root);
  }

  show() {
    const { values } = this;
    setText('left', this.texts.count('reject.left', Math.max(0, MAX_LENGTH - lengthOf(values.text))), this.root);
    // The preview uses the labels of the list, which may be shorter than the stored values.
    const items = this.#boxes('item').filter((box) => box.checked).map(({ parentElement }) => parentElement.textContent.trim());
    const lines = compose({ ...values, items }, this.reason).map((line) => {
      const element = document.createElement('p');
      element.textContent = line;
      return element;
    });
    part('preview', this.root)?.replaceChildren(...lines);
  }

  #onInput() {
    this.show();
    this.onChange(this.values);
  }

  #boxes(name) {
    return [...this.form.querySelectorAll(`input[type="checkbox"][name="${name}"]`)];
  }
}
