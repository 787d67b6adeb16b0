// Formats sizes, times and refusals in the driver's language.

import { Texts } from '../shared/data.js';

const MIB = 2 ** 20;
const NBSP = '\u00a0';

export class DriveTexts extends Texts {
  /** A number with at most one decimal; none from 100 on. */
  number(value, decimals = 1) {
    const fixed = value.toFixed(value >= 100 ? 0 : decimals).replace(/\.0+$/, '');
    return this.language === 'en' ? fixed : fixed.replace('.', ',');
  }

  /** Bytes as megabytes. */
  size(bytes) {
    return this.get('unit.mb', { n: this.#megabytes(bytes) });
  }

  rate(bytesPerSecond) {
    return this.get('unit.mbs', { n: this.#megabytes(bytesPerSecond) });
  }

  /** A positive size is never shown as 0. */
  #megabytes(bytes) {
    if (bytes <= 0 || bytes >= MIB / 10) return this.number(bytes / MIB);
    return this.number(Math.max(bytes / MIB, 0.01), 2);
  }

  /** A duration with at most two units. */
  duration(seconds) {
    if (seconds > 0 && seconds < 1) return this.get('unit.s', { n: this.number(seconds) });
    const whole = Math.round(seconds);
    const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const units = h ? [['h', h], ['min', min]] : [['min', min], ['s', s]];
    const shown = units.filter(([, n]) => n > 0).map(([unit, n]) => this.get(`unit.${unit}`, { n }));
    return shown.length ? shown.join(' ') : this.get('unit.s', { n: 0 });
  }

  distance(metres) {
    return metres < 1000
      ? this.get('unit.m', { n: Math.round(metres) })
      : this.get('unit.km', { n: this.number(metres / 1000) });
  }

  percent(n) {
    return this.language === 'en' ? `${n}%` : `${n}${NBSP}%`;
  }

  /** The text of a refusal from `messageOf`. */
  refusal({ key, text, values }) {
    if (key === null) return text;
    const { seconds, ...others } = values;
    return this.get(key, seconds === undefined ? others : { ...others, t: this.duration(seconds) });
  }
}

/** Formats seconds as minutes and seconds: 0:42, 12:05. */
export function stopwatch(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
