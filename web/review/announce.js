// ARIA live regions: `polite` announcements wait for the current speech, `assertive` ones interrupt it.

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
    // Screen readers announce changes of a live region only if the region existed before.
    this.regions = { polite: region('status', 'polite'), assertive: region('alert', 'assertive') };
  }

  polite(text) {
    this.#announce('polite', text);
  }

  assertive(text) {
    this.#announce('assertive', text);
  }

  #announce(politeness, text) {
    if (!text) return;
    const element = this.regions[politeness];
    // Setting the same text again is not announced, so a no-break space makes it differ.
    element.textContent = element.textContent === text ? `${text}\u00a0` : text;
  }
}
