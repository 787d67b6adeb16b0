// The screen that requests the position: asks for consent once, then for the browser's permission.

import { read, write } from './api.js';
import { locate } from './position.js';
import { onClick, screenOf, setText, showScreen } from './ui.js';

const CONSENT = 'drive.place';
/** Milliseconds for which a position is reused: the driver walks around one vehicle. */
const MAX_AGE = 10 * 60_000;

export class PlaceScreen {
  #resolve = null;
  #isRequired = false;

  constructor(context) {
    this.context = context;
    const screen = screenOf('place');
    onClick(screen, 'place-yes', () => this.#locate());
    onClick(screen, 'place-without', () => this.#finish(true));
    onClick(screen, 'place-back', () => this.#back());
  }

  /**
   * Resolves with true if the driver may continue: the position is in the context, or is not needed. `isRequired` is
   * set before an upload that the service would refuse without a position.
   */
  async ensure({ isRequired = false } = {}) {
    const { context } = this;
    if (!context.can.place) return !isRequired;
    if (context.place && Date.now() - context.place.at < MAX_AGE) return true;
    // Ends an earlier call.
    this.#finish(false);
    this.#isRequired = isRequired;
    const finished = new Promise((resolve) => (this.#resolve = resolve));
    this.#show('');
    if (read(globalThis.localStorage, CONSENT) === 'yes') this.#locate();
    return finished;
  }

  #show(problem) {
    const screen = showScreen('place');
    setText(screen, 'place-problem', problem);
    // Recording without a position is possible: the upload asks for it again.
    const mayGoOn = this.context.position === 'optional' || (problem !== '' && !this.#isRequired);
    screen.querySelector('[data-do="place-without"]').hidden = !mayGoOn;
  }

  async #locate() {
    const { texts } = this.context;
    const screen = screenOf('place');
    write(globalThis.localStorage, CONSENT, 'yes');
    setText(screen, 'place-problem', '');
    setText(screen, 'place-state', texts.get('drive.place_wait'));
    try {
      const onBetter = ({ accuracy }) =>
        setText(screen, 'place-state', texts.get('drive.place_found', { d: texts.distance(accuracy) }));
      this.context.place = await locate(navigator.geolocation, { onBetter });
      this.#finish(true);
    } catch {
      // The consent is stored only if the browser grants the permission.
      write(globalThis.localStorage, CONSENT, null);
      this.#show(texts.get('drive.place_denied'));
    } finally {
      setText(screen, 'place-state', '');
    }
  }

  #back() {
    this.#finish(false);
    showScreen('show');
  }

  #finish(mayGoOn) {
    this.#resolve?.(mayGoOn);
    this.#resolve = null;
  }
}
