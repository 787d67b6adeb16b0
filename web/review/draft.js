// Drafts in local storage: ticks, text and playback position of each report, until the reviewer signs out.

const PREFIX = 'review.draft.';
const MAX_DRAFTS = 50;
const MAX_AGE = 7 * 24 * 3600 * 1000;

/** `left` lists the indexes of skipped items. */
const EMPTY = { ticks: {}, left: [], items: null, codes: [], text: '', isOpen: false, time: 0, watched: 0, isSent: false };

export class Drafts {
  /** `storage` is a `SafeStorage`. Drafts are stored per person. */
  constructor(storage, person, now = Date.now) {
    Object.assign(this, { storage, person, now });
  }

  #key(refKey) {
    return `${PREFIX}${this.person}.${refKey}`;
  }

  /**
   * The draft of a report, or an empty one. If the version of the report has changed, the ticks are dropped, because
   * they belong to another video, and the text is kept, unless the draft was sent.
   */
  read(refKey, version) {
    const stored = this.storage.get(this.#key(refKey));
    if (!stored || this.now() - stored.savedAt > MAX_AGE) return { ...EMPTY, version };
    if (stored.version === version) return { ...EMPTY, ...stored };
    if (stored.isSent) return { ...EMPTY, version };
    const { items, codes, text, isOpen } = stored;
    return { ...EMPTY, items, codes, text, isOpen, version };
  }

  /** Returns the time of saving, or null if storage is unavailable or full. */
  write(refKey, draft) {
    const savedAt = this.now();
    if (this.storage.set(this.#key(refKey), { ...draft, savedAt })) return savedAt;
    this.prune(0);
    return this.storage.set(this.#key(refKey), { ...draft, savedAt }) ? savedAt : null;
  }

  /** Writes only the given fields: another tab may have changed the others. */
  merge(refKey, version, changes) {
    return this.write(refKey, { ...this.read(refKey, version), ...changes, version });
  }

  /** Deletes expired drafts, and the oldest ones above `max`. */
  prune(max = MAX_DRAFTS) {
    const all = this.storage.keys(PREFIX).map((key) => ({ key, at: this.storage.get(key)?.savedAt ?? 0 }));
    all.sort((one, other) => other.at - one.at);
    const isExpired = ({ at }, index) => index >= max || this.now() - at > MAX_AGE;
    for (const { key } of all.filter(isExpired)) this.storage.remove(key);
  }

  /** Deletes all drafts: another person may use this computer after the sign-out. */
  clear() {
    for (const key of this.storage.keys(PREFIX)) this.storage.remove(key);
  }
}

/** Indexes of the items preselected in the rejection form: those without a tick, if any item has one. */
export function preselected(draft, count) {
  if (Object.keys(draft.ticks).length === 0) return [];
  return Array.from({ length: count }, (_, index) => index).filter((index) => !(index in draft.ticks));
}

/** The next item after `index` that is neither ticked nor skipped; wraps around; -1 if there is none. */
export function nextItem(draft, count, index = -1) {
  for (let step = 1; step <= count; step += 1) {
    const at = (index + step + count) % count;
    if (!(at in draft.ticks) && !draft.left.includes(at)) return at;
  }
  return -1;
}

/** The draft with an item ticked at a position in seconds, or with the tick removed. */
export function withTick(draft, index, isTicked, time) {
  const ticks = { ...draft.ticks };
  if (isTicked) ticks[index] = Math.round(time * 10) / 10;
  else delete ticks[index];
  return { ...draft, ticks, left: draft.left.filter((skipped) => skipped !== index) };
}

export function withSkipped(draft, index) {
  return { ...draft, left: [...new Set([...draft.left, index])] };
}
