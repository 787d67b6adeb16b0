// What the server has written into the page for its scripts, and the sentences in it.

/** The values of `<script type="application/json" id="page-data">`, or an empty object. */
export function pageData(root = document) {
  const element = root.getElementById('page-data');
  return element ? JSON.parse(element.textContent) : {};
}

/** A sentence with its parameters filled in. A value is not searched for parameters. */
export function fill(sentence, values = {}) {
  return String(sentence).replace(/\{(\w+)\}/g, (whole, name) =>
    Object.hasOwn(values, name) ? String(values[name]) : whole);
}

/** The form that a language uses for a number, by the rules of CLDR for whole numbers. */
export function pluralForm(language, n) {
  if (language !== 'ru') return language === 'en' && n !== 1 ? 'many' : 'one';
  const tens = n % 100;
  if (n % 10 === 1 && tens !== 11) return 'one';
  return n % 10 >= 2 && n % 10 <= 4 && (tens < 12 || tens > 14) ? 'few' : 'many';
}

/** Sentences by key, in one language. */
export class Texts {
  constructor(rows, language) {
    this.rows = rows ?? {};
    this.language = language;
  }

  get(key, values) {
    return fill(this.rows[key] ?? key, values);
  }

  /** A sentence about `n` things. */
  count(key, n) {
    return this.get(`${key}.${pluralForm(this.language, n)}`, { n });
  }
}

/** A name from outside within a sentence, isolated from the direction of the text around it. */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}
