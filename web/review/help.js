// The dialog with the keys, and the switch for those that are single letters.

import { control, part } from './page.js';

export class Help {
  constructor({ api }) {
    this.dialog = part('help');
    const box = this.dialog && control('single-keys', this.dialog);
    /** Whether keys without a modifier are commands: a setting of the account, because speech input types them. */
    this.singleKeys = box?.checked ?? true;
    box?.addEventListener('change', () => {
      this.singleKeys = box.checked;
      api.post('/review/session/preferences', { single_keys: box.checked ? '1' : '0' });
    });
    // A click beside the dialog closes it too.
    this.dialog?.addEventListener('click', (event) => event.target === this.dialog && this.close());
  }

  get isOpen() {
    return document.querySelector('dialog[open]') !== null;
  }

  open() {
    // The browser gives the focus back to where it was.
    if (this.dialog && !this.dialog.open) this.dialog.showModal();
  }

  close() {
    this.dialog?.close();
  }
}
