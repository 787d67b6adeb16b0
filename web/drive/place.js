// The screen that asks for the place: our own question first, once, then that of the browser.

import { read, write } from './api.js';
import { locate } from './position.js';
import { onClick, setText, screenOf, showScreen } from './ui.js';

const CONSENT = 'drive.place';
/** A place is used again for so long: the driver walks around one vehicle. */
const FRESH = 10 * 60_000;

export class PlaceScreen {
  #resolve = null;
  #isRequired = false;

  constructor(context) {
    this.context = context;
    const screen = screenOf('place');
    onClick(screen, 'place-yes', () => this.#ask());
    onClick(screen, 'place-without', () => this.#end(true));
    onClick(screen, 'place-back', () => this.#back());
  }

  /**
   * Resolves with true when the driver may go on: the place is in the context, or is not needed. `isRequired`
   * is set where going on without a place makes no sense: at the sending.
   */
  async ensure({ isRequired = false } = {}) {
    const { context } = this;
    if (!context.can.place) return !isRequired;
    if (context.place && Date.now() - context.place.at < FRESH) return true;
    // Whoever asked before does not wait any more.
    this.#end(false);
    this.#isRequired = isRequired;
    const ended = new Promise((resolve) => (this.#resolve = resolve));
    this.#show('');
    if (read(globalThis.localStorage, CONSENT) === 'yes') this.#ask();
    return ended;
  }

  #show(problem) {
    const screen = showScreen('place');
    setText(screen, 'place-problem', problem);
    // Before filming a driver may go on: a recording without a place is kept until the place is known.
    const mayGoOn = this.context.position === 'optional' || (problem !== '' && !this.#isRequired);
    screen.querySelector('[data-do="place-without"]').hidden = !mayGoOn;
  }

  async #ask() {
    const { texts } = this.context;
    const screen = screenOf('place');
    write(globalThis.localStorage, CONSENT, 'yes');
    setText(screen, 'place-problem', '');
    setText(screen, 'place-state', texts.get('drive.place_wait'));
    try {
      const onBetter = ({ accuracy }) =>
        setText(screen, 'place-state', texts.get('drive.place_found', { d: texts.distance(accuracy) }));
      this.context.place = await locate(navigator.geolocation, { onBetter });
      this.#end(true);
    } catch {
      // The consent counts only if the browser agrees.
      write(globalThis.localStorage, CONSENT, null);
      this.#show(texts.get('drive.place_denied'));
    } finally {
      setText(screen, 'place-state', '');
    }
  }

  #back() {
    this.#end(false);
    showScreen('show');
  }

  #end(mayGoOn) {
    this.#resolve?.(mayGoOn);
    this.#resolve = null;
  }
}
