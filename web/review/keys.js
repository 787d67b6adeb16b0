// Which command a key gives. Keys count by their physical place, so that they work on every layout.

/** A decision key is deaf for so long after a report is shown, because somebody may still press it for the last. */
const DEAF = 600;

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

/** Commands that are given twice by a key that is held; these may be. */
const REPEATABLE = new Set(['frame-back', 'frame-next', 'back', 'forward', 'up', 'down']);

const DECISIONS = new Set(['approve', 'reject', 'skip']);

/** Letters, digits and signs, which speech input may type by accident. */
const isSingleKey = (code) => /^(Key|Digit)|^(Comma|Period|Slash)$/.test(code);

/**
 * The command of a pressed key, or null. `focus` is what has the focus: `text`, `button`, `checkbox`, `link` or
 * `none`; `mode` is the kind of page, or `dialog` while one is open.
 */
export function commandOf(event, { mode, focus = 'none', singleKeys = true }) {
  const { code, key, ctrlKey, altKey, metaKey, shiftKey, isComposing, repeat } = event;
  if (isComposing) return null;
  if (code === 'Escape') return plain(event) && !repeat ? { name: 'escape' } : null;
  if (/^(Numpad)?Enter$/.test(code) && (ctrlKey || metaKey) && !altKey && !shiftKey) {
    return repeat ? null : { name: 'send' };
  }
  if (ctrlKey || altKey || metaKey || mode === 'dialog' || focus === 'text') return null;
  if (isSingleKey(code) && !singleKeys) return null;
  if (isNative(code, focus)) return null;
  const [name, value] = (shiftKey || key === '?' ? shifted(code, mode) : COMMANDS[mode]?.[code]) ?? [];
  if (!name || (repeat && !REPEATABLE.has(name))) return null;
  return value === undefined ? { name } : { name, value };
}

const plain = ({ ctrlKey, altKey, metaKey, shiftKey }) => !(ctrlKey || altKey || metaKey || shiftKey);

function shifted(code, mode) {
  if (code === 'Slash') return ['help'];
  if (mode !== 'watch') return null;
  if (code === 'KeyT') return ['leave'];
  const digit = /^Digit(\d)$/.exec(code);
  return digit ? ['item', (Number(digit[1]) + 9) % 10] : null;
}

/** What the browser does with the key on the element that has the focus. */
function isNative(code, focus) {
  if (code === 'Space') return ['button', 'checkbox'].includes(focus);
  if (/Enter$/.test(code)) return ['button', 'link'].includes(focus);
  return false;
}

/** How an element takes keys. A slider takes none: the arrows of the player do what its own would. */
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
 * Keeps a held or hasty key from deciding a report that nobody has seen: after `shown`, decision keys wake
 * when the key that led there is up, and 600 ms have passed.
 */
export class DecisionGuard {
  #shownAt = -Infinity;
  #down = new Set();
  #held = new Set();

  shown(now) {
    this.#shownAt = now;
    this.#held = new Set(this.#down);
  }

  down(code) {
    this.#down.add(code);
  }

  up(code) {
    this.#down.delete(code);
    this.#held.delete(code);
  }

  /** The window has lost the keyboard: key-ups are not seen any more. */
  forget() {
    this.#down.clear();
    this.#held.clear();
  }

  allows(name, code, now) {
    return !DECISIONS.has(name) || (this.isReady(now) && !this.#held.has(code));
  }

  /** Whether somebody can have seen what is shown. A double click must not decide two reports. */
  isReady(now) {
    return now - this.#shownAt >= DEAF;
  }
}

/** The number row of the Kazakh layout, which has letters instead of digits. */
const KAZAKH_ROW = { '"': '1', ә: '2', і: '3', ң: '4', ғ: '5', ',': '6', '.': '7', ү: '8', ұ: '9', қ: '0' };

/** A text for a numeric field, with the digits that were meant. */
export function digitsOf(text) {
  return Array.from(text, (letter) => KAZAKH_ROW[letter.toLowerCase()] ?? letter).join('');
}
