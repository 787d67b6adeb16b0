// The help dialog with the keyboard shortcuts, and the setting that enables single-letter shortcuts.

import { control, part } from './page.js';

export class Help {
  constructor({ api }) {
    this.dialog = part('help');
    const box = this.dialog && control('single-keys', this.dialog);
    /** Whether single letters are commands. A setting of the account, because speech input may type letters. */
    this.singleKeys = box?.checked ?? true;
    box?.addEventListener('change', () => {
      this.singleKeys = box.checked;
      api.post('/review/session/preferences', { single_keys: box.checked ? '1' : '0' });
    });
    // A click on the backdrop closes the dialog.
    this.dialog?.addEventListener('click', (event) => event.target === this.dialog && this.close());
  }

  get isOpen() {
    return document.querySelector('dialog[open]') !== null;
  }

  open() {
    // The browser restores the focus when the dialog is closed.
    if (this.dialog && !this.dialog.open) this.dialog.showModal();
  }

  close() {
    this.dialog?.close();
  }
}
