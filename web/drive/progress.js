// Progress of an upload in bytes that the service has acknowledged. What the browser has handed over to the
// network is not shown: it may never arrive.

/** The rate is that of the last half minute. */
const WINDOW = 30_000;

export class Progress {
  #samples = [];
  #announced = -1;

  constructor(total) {
    this.total = total;
    this.acknowledged = 0;
  }

  /** Records an offset that the service has named. It may be lower than before: a lost segment. */
  acknowledge(offset, now) {
    if (offset < this.acknowledged) this.#samples = [];
    this.acknowledged = offset;
    this.#samples.push({ offset, now });
    while (this.#samples.length > 2 && now - this.#samples[1].now > WINDOW) this.#samples.shift();
  }

  /** A pause: the time until the next sample is not time of the network. */
  interrupt() {
    this.#samples = [];
  }

  get percent() {
    return this.total ? Math.floor((this.acknowledged / this.total) * 100) : 0;
  }

  /** Bytes a second, or null until two offsets are known. */
  get rate() {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || last.now - first.now < 500 || last.offset <= first.offset) return null;
    return ((last.offset - first.offset) * 1000) / (last.now - first.now);
  }

  /** Seconds until all has arrived, or null. */
  get secondsLeft() {
    const rate = this.rate;
    return rate ? Math.ceil((this.total - this.acknowledged) / rate) : null;
  }

  /** The quarter that a screen reader should hear now, or null: every percent would be noise. */
  announcement() {
    const quarter = Math.floor(this.percent / 25) * 25;
    if (quarter === this.#announced) return null;
    this.#announced = quarter;
    return quarter;
  }
}
