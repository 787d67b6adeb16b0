// Composes the text of a rejection for the driver, with the wording of the server (`src/model/rejection.rs`). Pure.

export const MAX_LENGTH = 1000;

/** Lines of a rejection: items that were not shown, texts of the codes, free text. */
export function compose({ items, codes, text }, { missing, codes: codeTexts }) {
  const lines = [];
  if (items.length > 0) {
    lines.push(sentence(missing.replace('{items}', () => items.map(withinSentence).join('; '))));
  }
  for (const code of codes) if (codeTexts[code]) lines.push(sentence(codeTexts[code]));
  const trimmed = text.trim();
  return trimmed ? [...lines, ...trimmed.split('\n')] : lines;
}

const sentence = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** Removes the full stop and lowers the first letter, except in abbreviations. */
function withinSentence(item) {
  const [first, second, ...rest] = Array.from(item.replace(/\.+$/, ''));
  if (first === undefined) return '';
  if (second === undefined || isUpper(second)) return [first, second, ...rest].join('');
  return [first.toLowerCase(), second, ...rest].join('');
}

const isUpper = (letter) => letter !== letter.toLowerCase();

/** The length in code points, as the server counts it. */
export const lengthOf = (text) => Array.from(text.trim()).length;

/** The text key of the reason why the form cannot be sent; null if it can. */
export function problemOf({ items, codes, text }) {
  if (items.length === 0 && codes.length === 0 && text.trim() === '') return 'reject.empty';
  return lengthOf(text) > MAX_LENGTH ? 'reject.too_long' : null;
}
