// Progress of an upload in bytes acknowledged by the service. Bytes that were only sent are not counted: they may be
// lost.

/** The rate is measured over this period. */
const WINDOW = 30_000;

export class Progress {
  #samples = [];
  #announced = -1;

  constructor(total) {
    this.total = total;
    this.acknowledged = 0;
  }

  /** Records an acknowledged offset. It is lower than before if the service has lost a segment. */
  acknowledge(offset, now) {
    if (offset < this.acknowledged) this.#samples = [];
    this.acknowledged = offset;
    this.#samples.push({ offset, now });
    while (this.#samples.length > 2 && now - this.#samples[1].now > WINDOW) this.#samples.shift();
  }

  /** Called before a pause, which must not count towards the rate. */
  interrupt() {
    this.#samples = [];
  }

  get percent() {
    return this.total ? Math.floor((this.acknowledged / this.total) * 100) : 0;
  }

  /** Bytes per second, or null before the second offset. */
  get rate() {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || last.now - first.now < 500 || last.offset <= first.offset) return null;
    return ((last.offset - first.offset) * 1000) / (last.now - first.now);
  }

  /** The estimated remaining seconds, or null. */
  get secondsLeft() {
    const rate = this.rate;
    return rate ? Math.ceil((this.total - this.acknowledged) / rate) : null;
  }

  /** The percentage to announce to screen readers: each quarter once, otherwise null. */
  announcement() {
    const quarter = Math.floor(this.percent / 25) * 25;
    if (quarter === this.#announced) return null;
    this.#announced = quarter;
    return quarter;
  }
}
