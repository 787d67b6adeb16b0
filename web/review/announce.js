// What screen readers say: politely after what they are saying, or at once.

function region(role, live) {
  const element = document.createElement('p');
  element.className = 'visually-hidden';
  element.setAttribute('role', role);
  element.setAttribute('aria-live', live);
  document.body.append(element);
  return element;
}

export class Announcer {
  constructor() {
    // A region has to be there before its text.
    this.regions = { polite: region('status', 'polite'), assertive: region('alert', 'assertive') };
  }

  polite(text) {
    this.#say('polite', text);
  }

  assertive(text) {
    this.#say('assertive', text);
  }

  #say(manner, text) {
    if (!text) return;
    const element = this.regions[manner];
    // The same sentence twice is news too.
    element.textContent = element.textContent === text ? `${text}\u00a0` : text;
  }
}
