// Maps keys to commands by physical position (`event.code`), so that they work on every keyboard layout.

/**
 * Decision keys are ignored for this many milliseconds after a report is shown: they may be meant for the previous
 * one.
 */
const DECISION_DELAY = 600;

const PLAYER = {
  Space: ['play'],
  KeyK: ['play'],
  ArrowLeft: ['back'],
  ArrowRight: ['forward'],
  Comma: ['frame-back'],
  Period: ['frame-next'],
  Digit1: ['speed', 1],
  Digit2: ['speed', 1.5],
  Digit3: ['speed', 2],
  Digit4: ['speed', 4],
  KeyR: ['rotate'],
  KeyM: ['mute'],
  KeyF: ['full'],
};

/** The commands of each kind of page. A name may be followed by a value. */
const COMMANDS = {
  watch: {
    ...PLAYER,
    KeyA: ['approve'],
    KeyX: ['reject'],
    KeyU: ['undo'],
    KeyN: ['skip'],
    KeyT: ['tick'],
    KeyC: ['compare'],
    KeyQ: ['queue'],
  },
  reject: { ...PLAYER, ArrowUp: ['up'], ArrowDown: ['down'] },
  list: {
    KeyJ: ['down'],
    ArrowDown: ['down'],
    KeyK: ['up'],
    ArrowUp: ['up'],
    Enter: ['open'],
    NumpadEnter: ['open'],
    Slash: ['search'],
    KeyU: ['undo'],
    KeyQ: ['queue'],
  },
  other: { KeyQ: ['queue'] },
};

/** Commands that are repeated while the key is held down. */
const REPEATABLE = new Set(['frame-back', 'frame-next', 'back', 'forward', 'up', 'down']);

const DECISIONS = new Set(['approve', 'reject', 'skip']);

/** Letters, digits and punctuation, which speech input may type by accident. */
const isSingleKey = (code) => /^(Key|Digit)|^(Comma|Period|Slash)$/.test(code);

/**
 * The command of a pressed key, or null. `focus` is the kind of the focused element (`focusOf`); `mode` is a key of
 * `COMMANDS`, or `dialog` while a dialog is open.
 */
export function commandOf(event, { mode, focus = 'none', singleKeys = true }) {
  const { code, key, ctrlKey, altKey, metaKey, shiftKey, isComposing, repeat } = event;
  if (isComposing) return null;
  if (code === 'Escape') return hasNoModifier(event) && !repeat ? { name: 'escape' } : null;
  if (/^(Numpad)?Enter$/.test(code) && (ctrlKey || metaKey) && !altKey && !shiftKey) {
    return repeat ? null : { name: 'send' };
  }
  if (ctrlKey || altKey || metaKey || mode === 'dialog' || focus === 'text') return null;
  if (isSingleKey(code) && !singleKeys) return null;
  if (isNative(code, focus)) return null;
  const [name, value] = (shiftKey || key === '?' ? shiftCommand(code, mode) : COMMANDS[mode]?.[code]) ?? [];
  if (!name || (repeat && !REPEATABLE.has(name))) return null;
  return value === undefined ? { name } : { name, value };
}

const hasNoModifier = ({ ctrlKey, altKey, metaKey, shiftKey }) => !(ctrlKey || altKey || metaKey || shiftKey);

function shiftCommand(code, mode) {
  if (code === 'Slash') return ['help'];
  if (mode !== 'watch') return null;
  if (code === 'KeyT') return ['skip-item'];
  const digit = /^Digit(\d)$/.exec(code);
  return digit ? ['item', (Number(digit[1]) + 9) % 10] : null;
}

/** Whether the browser handles the key on the focused element. */
function isNative(code, focus) {
  if (code === 'Space') return ['button', 'checkbox'].includes(focus);
  if (/Enter$/.test(code)) return ['button', 'link'].includes(focus);
  return false;
}

/**
 * The kind of an element with regard to keys: `text`, `button`, `checkbox`, `link` or `none`. A slider is `none`: the
 * arrow keys of the player replace its own.
 */
export function focusOf(element) {
  if (!element) return 'none';
  if (element.isContentEditable) return 'text';
  const tag = element.tagName;
  if (tag === 'TEXTAREA' || tag === 'SELECT') return 'text';
  if (tag === 'INPUT') {
    if (element.type === 'checkbox' || element.type === 'radio') return 'checkbox';
    if (element.type === 'range') return 'none';
    return ['button', 'submit', 'reset'].includes(element.type) ? 'button' : 'text';
  }
  if (tag === 'BUTTON' || tag === 'SUMMARY') return 'button';
  return tag === 'A' && element.href ? 'link' : 'none';
}

/**
 * Prevents a held key or a double press from deciding a report that the reviewer has not seen: after `shown`, a
 * decision key is ignored until it was released and 600 ms have passed.
 */
export class DecisionGuard {
  #shownAt = -Infinity;
  #pressed = new Set();
  #heldOver = new Set();

  shown(now) {
    this.#shownAt = now;
    this.#heldOver = new Set(this.#pressed);
  }

  down(code) {
    this.#pressed.add(code);
  }

  up(code) {
    this.#pressed.delete(code);
    this.#heldOver.delete(code);
  }

  /** Called when the window loses the focus and no longer receives `keyup` events. */
  reset() {
    this.#pressed.clear();
    this.#heldOver.clear();
  }

  allows(name, code, now) {
    return !DECISIONS.has(name) || (this.isReady(now) && !this.#heldOver.has(code));
  }

  /** Whether the report has been visible long enough. A double click must not decide two reports. */
  isReady(now) {
    return now - this.#shownAt >= DECISION_DELAY;
  }
}

/** The characters of the number row of the Kazakh layout, which has no digits. */
const KAZAKH_ROW = { '"': '1', ә: '2', і: '3', ң: '4', ғ: '5', ',': '6', '.': '7', ү: '8', ұ: '9', қ: '0' };

/** Replaces characters of the Kazakh number row by digits. */
export function digitsOf(text) {
  return Array.from(text, (letter) => KAZAKH_ROW[letter.toLowerCase()] ?? letter).join('');
}
