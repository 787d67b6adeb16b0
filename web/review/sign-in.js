// The sign-in page: warns about a Cyrillic layout and Caps Lock while typing.

import { digitsOf } from './keys.js';
import { control, part, setVisible } from './page.js';

export const isCyrillic = (text) => /[\u0400-\u04ff]/.test(text);

export function startSignIn() {
  const form = part('sign-in');
  if (!form) return;
  const { login, password, code } = form.elements;
  login.addEventListener('input', () => setVisible('layout', isCyrillic(login.value), form));
  for (const name of ['keydown', 'keyup']) {
    password.addEventListener(name, (event) => {
      setVisible('caps', event.getModifierState?.('CapsLock') === true, form);
    });
  }
  const button = control('show-password', form);
  button?.addEventListener('click', () => {
    const isShown = password.type === 'password';
    password.type = isShown ? 'text' : 'password';
    button.textContent = isShown ? button.dataset.shown : button.dataset.hidden;
  });
  if (code) makeNumeric(code);
}

/** Converts characters of the Kazakh number row in a numeric field. */
export function makeNumeric(field) {
  field.addEventListener('input', () => {
    const digits = digitsOf(field.value);
    if (digits !== field.value) field.value = digits;
  });
}
