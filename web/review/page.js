// Helpers for the elements and attributes listed in `main.js`, and for storage.

export const part = (name, root = document) => root.querySelector(`[data-part="${name}"]`);
export const parts = (name, root = document) => [...root.querySelectorAll(`[data-part="${name}"]`)];
export const control = (name, root = document) => root.querySelector(`[data-do="${name}"]`);

/** Sets the text of `[data-show=name]`; an empty text hides it. */
export function setText(name, text, root = document) {
  for (const element of root.querySelectorAll(`[data-show="${name}"]`)) {
    if (element.textContent !== text) element.textContent = text;
    element.hidden = text === '';
  }
}

/** Shows or hides every `[data-part=name]`. */
export function setVisible(name, isShown, root = document) {
  for (const element of parts(name, root)) element.hidden = !isShown;
}

export function focus(element) {
  if (!element) return;
  if (element.tabIndex < 0 && !element.hasAttribute('tabindex')) element.tabIndex = -1;
  element.focus();
}

/** Formats seconds as minutes and seconds: 0:47. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** A random UUID. `crypto.randomUUID` does not exist over plain http. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Formats the time of day: 14:06. */
export function timeOfDay(at, language) {
  return new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at);
}

/**
 * Browser storage with a fallback: values that cannot be stored, because it is blocked or full, are kept in memory.
 */
export class SafeStorage {
  #memory = new Map();

  constructor(storage) {
    this.storage = storage;
  }

  get(key) {
    try {
      return JSON.parse(this.#memory.get(key) ?? this.storage.getItem(key));
    } catch {
      return null;
    }
  }

  /** Returns false if the value is kept in memory only. */
  set(key, value) {
    const text = JSON.stringify(value);
    try {
      this.storage.setItem(key, text);
      this.#memory.delete(key);
      return true;
    } catch {
      this.#memory.set(key, text);
      return false;
    }
  }

  remove(key) {
    this.#memory.delete(key);
    try {
      this.storage.removeItem(key);
    } catch {
      // Blocked storage contains nothing.
    }
  }

  keys(prefix) {
    const all = new Set([...this.#stored(), ...this.#memory.keys()]);
    return [...all].filter((key) => key.startsWith(prefix));
  }

  #stored() {
    try {
      return Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index));
    } catch {
      return [];
    }
  }
}

/** The storage of the browser; an empty one if access is blocked. */
export function openStorage(name = 'localStorage') {
  try {
    return new SafeStorage(globalThis[name]);
  } catch {
    return new SafeStorage(null);
  }
}
