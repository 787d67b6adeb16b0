// The page data that the server embeds for the scripts, and localised texts.

/** The values of `<script type="application/json" id="page-data">`, or an empty object. */
export function pageData(root = document) {
  const element = root.getElementById('page-data');
  return element ? JSON.parse(element.textContent) : {};
}

/** Replaces `{name}` placeholders. Placeholders within a value are not replaced. */
export function fill(sentence, values = {}) {
  return String(sentence).replace(/\{(\w+)\}/g, (whole, name) =>
    Object.hasOwn(values, name) ? String(values[name]) : whole);
}

/** The plural category of a whole number (CLDR). */
export function pluralForm(language, n) {
  if (language !== 'ru') return language === 'en' && n !== 1 ? 'many' : 'one';
  const tens = n % 100;
  if (n % 10 === 1 && tens !== 11) return 'one';
  return n % 10 >= 2 && n % 10 <= 4 && (tens < 12 || tens > 14) ? 'few' : 'many';
}

/** Localised texts by key. */
export class Texts {
  constructor(rows, language) {
    this.rows = rows ?? {};
    this.language = language;
  }

  get(key, values) {
    return fill(this.rows[key] ?? key, values);
  }

  /** A text in the plural form of `n`. */
  count(key, n) {
    return this.get(`${key}.${pluralForm(this.language, n)}`, { n });
  }
}

/** Wraps a user-supplied name in directional isolates (FSI, PDI), so that it does not reorder the text around it. */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}
