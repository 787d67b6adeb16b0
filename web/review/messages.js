// What has become of decisions whose report was left. A message stays in every tab until the reviewer closes it.

import { part } from './page.js';

const PREFIX = 'review.message.';

export class Messages {
  #closed = new Set();

  /** Those that the server keeps are in the page already; the others are in `kept`, for each person. */
  constructor({ storage, person, api, root = part('messages'), template = part('message') }) {
    Object.assign(this, { storage, api, root, template, prefix: `${PREFIX}${person}.` });
    for (const key of storage.keys(this.prefix)) this.show(storage.get(key));
    addEventListener('storage', ({ key, newValue }) => this.#changed(key, newValue));
    root?.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#dismiss(event.target.dataset.message);
    });
  }

  /** Adds a message that outlives the page. */
  add(message) {
    this.storage.set(this.prefix + message.id, message);
    this.show(message);
  }

  /** Shows a message, once. */
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

  /** The messages that the server has now. */
  sync(messages) {
    const ids = new Set(messages.map(({ id }) => id));
    for (const form of this.root?.querySelectorAll('[data-server]') ?? []) {
      if (!ids.has(form.dataset.message)) form.remove();
    }
    for (const message of messages) {
      if (!this.#find(message.id)) this.show({ ...message, isOnServer: true });
    }
  }

  /** Takes a message away that has become untrue. */
  close(id) {
    this.storage.remove(this.prefix + id);
    this.#find(id)?.remove();
  }

  /** Nothing is left for the next person at this computer. */
  clear() {
    for (const key of this.storage.keys(PREFIX)) this.storage.remove(key);
  }

  #dismiss(id) {
    const isOnServer = this.#find(id)?.hasAttribute('data-server');
    this.#closed.add(id);
    this.close(id);
    if (isOnServer) this.api.post('/review/seen', { id });
  }

  #changed(key, value) {
    if (!key?.startsWith(this.prefix)) return;
    if (value === null) this.#find(key.slice(this.prefix.length))?.remove();
    else this.show(JSON.parse(value));
  }

  #find(id) {
    return [...(this.root?.children ?? [])].find((form) => form.dataset.message === id);
  }
}
