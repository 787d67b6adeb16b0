// Messages about the outcome of decisions whose report is no longer shown. They stay in all tabs until dismissed.

import { part } from './page.js';

const PREFIX = 'review.message.';

export class Messages {
  #closed = new Set();

  /** Messages stored on the server are part of the page; the others are in `storage`, per person. */
  constructor({ storage, person, api, root = part('messages'), template = part('message') }) {
    Object.assign(this, { storage, api, root, template, prefix: `${PREFIX}${person}.` });
    for (const key of storage.keys(this.prefix)) this.show(storage.get(key));
    addEventListener('storage', ({ key, newValue }) => this.#onStorage(key, newValue));
    root?.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#dismiss(event.target.dataset.message);
    });
  }

  /** Stores a message and shows it. */
  add(message) {
    this.storage.set(this.prefix + message.id, message);
    this.show(message);
  }

  /** Shows a message, replacing one with the same id. A dismissed message is not shown again. */
  show({ id, text, url = '', isOnServer = false }) {
    if (!this.root || !this.template || this.#closed.has(id)) return;
    this.#find(id)?.remove();
    const form = this.template.content.firstElementChild.cloneNode(true);
    form.dataset.message = id;
    form.toggleAttribute('data-server', isOnServer);
    form.elements.id.value = id;
    const [link, plain] = [form.querySelector('a'), form.querySelector('span')];
    link.hidden = url === '';
    plain.hidden = url !== '';
    if (url) Object.assign(link, { href: url, textContent: text });
    else plain.textContent = text;
    this.root.append(form);
  }

  /** Replaces the messages that are stored on the server. */
  sync(messages) {
    const ids = new Set(messages.map(({ id }) => id));
    for (const form of this.root?.querySelectorAll('[data-server]') ?? []) {
      if (!ids.has(form.dataset.message)) form.remove();
    }
    for (const message of messages) {
      if (!this.#find(message.id)) this.show({ ...message, isOnServer: true });
    }
  }

  /** Removes a message that no longer applies. */
  close(id) {
    this.storage.remove(this.prefix + id);
    this.#find(id)?.remove();
  }

  /** Deletes the stored messages of all persons, at the sign-out. */
  clear() {
    for (const key of this.storage.keys(PREFIX)) this.storage.remove(key);
  }

  #dismiss(id) {
    const isOnServer = this.#find(id)?.hasAttribute('data-server');
    this.#closed.add(id);
    this.close(id);
    if (isOnServer) this.api.post('/review/seen', { id });
  }

  #onStorage(key, value) {
    if (!key?.startsWith(this.prefix)) return;
    if (value === null) this.#find(key.slice(this.prefix.length))?.remove();
    else this.show(JSON.parse(value));
  }

  #find(id) {
    return [...(this.root?.children ?? [])].find((form) => form.dataset.message === id);
  }
}
