// The sign-in form and its validation.

/** Removes everything but digits: the Kazakh number row types letters, and pasted numbers contain spaces. */
export const digitsOf = (text) => text.replace(/\D/g, '');

/** Text keys of the validation errors by field. */
export function problemsOf({ biin, role, name, mobile }) {
  const problems = {};
  if (digitsOf(biin).length !== 12) problems.biin = 'drive.bin_bad';
  if (role !== 1 && name.trim() === '') problems.name = 'drive.name_empty';
  const digits = digitsOf(mobile).length;
  if (role !== 1 && (digits < 7 || digits > 15)) problems.mobile = 'drive.mobile_bad';
  return problems;
}

export class SignInForm {
  constructor(form, texts) {
    this.form = form;
    this.texts = texts;
    for (const radio of form.querySelectorAll('[name="role"]')) {
      radio.addEventListener('change', () => this.#showRole());
    }
    this.#showRole();
  }

  restore(fields) {
    if (!fields) return;
    const { biin, name, mobile, role } = this.form.elements;
    biin.value = fields.biin ?? '';
    name.value = fields.name ?? '';
    mobile.value = fields.mobile ?? '';
    role.value = String(fields.role ?? 2);
    this.#showRole();
  }

  #role() {
    return Number(this.form.elements.role.value);
  }

  /** Hides name and phone for directors: they are known from 1C. */
  #showRole() {
    for (const part of this.form.querySelectorAll('[data-driver]')) part.hidden = this.#role() === 1;
  }

  /** Validates the form. Returns its values, or null after showing the errors. */
  check() {
    const { biin, name, mobile } = this.form.elements;
    const fields = { biin: biin.value, role: this.#role(), name: name.value, mobile: mobile.value };
    const problems = problemsOf(fields);
    this.#show(problems);
    if (Object.keys(problems).length > 0) return null;
    return { ...fields, biin: digitsOf(fields.biin), name: name.value.trim(), mobile: mobile.value.trim() };
  }

  #show(problems) {
    const list = this.form.querySelector('[data-list]');
    list.replaceChildren();
    for (const element of this.form.querySelectorAll('[data-problem]')) {
      const { problem: field } = element.dataset;
      const text = problems[field] ? this.texts.get(problems[field]) : '';
      element.textContent = text;
      element.hidden = text === '';
      this.form.elements[field].toggleAttribute('aria-invalid', false);
      if (!text) continue;
      this.form.elements[field].setAttribute('aria-invalid', 'true');
      list.append(this.#link(text, `#${this.form.elements[field].id}`));
    }
    this.#summary(list.childElementCount > 0);
  }

  /** Shows an error that does not belong to a field. */
  showError(text) {
    const list = this.form.querySelector('[data-list]');
    const line = document.createElement('li');
    line.textContent = text;
    list.replaceChildren(line);
    this.#summary(true);
  }

  #link(text, href) {
    const line = document.createElement('li');
    const link = document.createElement('a');
    Object.assign(link, { href, textContent: text });
    line.append(link);
    return line;
  }

  #summary(isShown) {
    const summary = this.form.querySelector('[data-summary]');
    summary.hidden = !isShown;
    if (isShown) summary.focus();
  }
}
