// What the driver will read, as the server composes it (`src/model/rejection.rs`). Pure.

export const LONGEST = 1000;

/** Lines of a rejection: items that were not shown, codes in words, free text. */
export function compose({ items, codes, text }, { missing, codes: words }) {
  const lines = [];
  if (items.length > 0) {
    lines.push(sentence(missing.replace('{items}', () => items.map(withinSentence).join('; '))));
  }
  for (const code of codes) if (words[code]) lines.push(sentence(words[code]));
  const trimmed = text.trim();
  return trimmed ? [...lines, ...trimmed.split('\n')] : lines;
}

const sentence = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** Without the full stop and the first capital, unless that begins an abbreviation. */
function withinSentence(item) {
  const [first, second, ...rest] = Array.from(item.replace(/\.+$/, ''));
  if (first === undefined) return '';
  if (second === undefined || isUpper(second)) return [first, second, ...rest].join('');
  return [first.toLowerCase(), second, ...rest].join('');
}

const isUpper = (letter) => letter !== letter.toLowerCase();

/** Characters as the server counts them. */
export const lengthOf = (text) => Array.from(text.trim()).length;

/** Why the form cannot be sent; null if it can. */
export function problemOf({ items, codes, text }) {
  if (items.length === 0 && codes.length === 0 && text.trim() === '') return 'reject.empty';
  return lengthOf(text) > LONGEST ? 'reject.too_long' : null;
}
