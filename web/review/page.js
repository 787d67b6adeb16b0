// Small helpers for the elements that `main.js` describes.

export const part = (name, root = document) => root.querySelector(`[data-part="${name}"]`);
export const parts = (name, root = document) => [...root.querySelectorAll(`[data-part="${name}"]`)];
export const doing = (name, root = document) => root.querySelector(`[data-do="${name}"]`);

/** Sets the text of `[data-show=name]`; an empty text hides it. */
export function say(name, text, root = document) {
  for (const element of root.querySelectorAll(`[data-show="${name}"]`)) {
    if (element.textContent !== text) element.textContent = text;
    element.hidden = text === '';
  }
}

/** Shows or hides every `[data-part=name]`. */
export function reveal(name, isShown, root = document) {
  for (const element of parts(name, root)) element.hidden = !isShown;
}

export function focus(element) {
  if (!element) return;
  if (element.tabIndex < 0 && !element.hasAttribute('tabindex')) element.tabIndex = -1;
  element.focus();
}

/** Minutes and seconds as the page shows them: 0:47. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** The time of the day of a moment: 14:06. */
export function timeOfDay(at, language) {
  return new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at);
}

/** Storage that may be forbidden or full; losing it is no reason to stop. */
export class Kept {
  constructor(storage) {
    this.storage = storage;
  }

  get(key) {
    try {
      return JSON.parse(this.storage.getItem(key));
    } catch {
      return null;
    }
  }

  /** Returns whether it is kept. */
  set(key, value) {
    try {
      this.storage.setItem(key, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  }

  remove(key) {
    try {
      this.storage.removeItem(key);
    } catch {
      // Nothing is there then.
    }
  }

  keys(prefix) {
    try {
      const all = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index));
      return all.filter((key) => key.startsWith(prefix));
    } catch {
      return [];
    }
  }
}

/** The storage of the browser, if the page may use it. */
export function kept(name = 'localStorage') {
  try {
    return new Kept(globalThis[name]);
  } catch {
    return new Kept(null);
  }
}
