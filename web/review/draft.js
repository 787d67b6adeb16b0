// What a reviewer has ticked, typed and watched, kept on this device for each report until the sign-out.

const PREFIX = 'review.draft.';
const MOST = 50;
const LONGEST = 7 * 24 * 3600 * 1000;

const EMPTY = { ticks: {}, left: [], items: null, codes: [], text: '', isOpen: false, time: 0, watched: 0, isSent: false };

export class Drafts {
  /** `kept` is a `Kept` of `page.js`; a draft belongs to a person. */
  constructor(storage, person, now = Date.now) {
    Object.assign(this, { storage, person, now });
  }

  #key(refKey) {
    return `${PREFIX}${this.person}.${refKey}`;
  }

  /**
   * The draft of a report, or an empty one. After a change of the report the ticks belong to another video, but
   * the words are kept; a draft that was sent is over.
   */
  read(refKey, version) {
    const found = this.storage.get(this.#key(refKey));
    if (!found || this.now() - found.savedAt > LONGEST) return { ...EMPTY, version };
    if (found.version === version) return { ...EMPTY, ...found };
    if (found.isSent) return { ...EMPTY, version };
    const { items, codes, text, isOpen } = found;
    return { ...EMPTY, items, codes, text, isOpen, version };
  }

  /** Returns the time of saving, or null if this browser keeps nothing. */
  write(refKey, draft) {
    const savedAt = this.now();
    if (this.storage.set(this.#key(refKey), { ...draft, savedAt })) return savedAt;
    this.prune(0);
    return this.storage.set(this.#key(refKey), { ...draft, savedAt }) ? savedAt : null;
  }

  /** Writes what has changed here; the rest stays as another tab may have written it meanwhile. */
  merge(refKey, version, changes) {
    return this.write(refKey, { ...this.read(refKey, version), ...changes, version });
  }

  /** Forgets the oldest drafts, and those of long ago. */
  prune(most = MOST) {
    const all = this.storage.keys(PREFIX).map((key) => ({ key, at: this.storage.get(key)?.savedAt ?? 0 }));
    all.sort((one, other) => other.at - one.at);
    const isFinal = ({ at }, index) => index >= most || this.now() - at > LONGEST;
    for (const { key } of all.filter(isFinal)) this.storage.remove(key);
  }

  /** Signing out leaves nothing for the next person at this computer. */
  clear() {
    for (const key of this.storage.keys(PREFIX)) this.storage.remove(key);
  }
}

/** The items that the form of a rejection has ticked at first: those left over, if anything was ticked at all. */
export function preselected(draft, count) {
  if (Object.keys(draft.ticks).length === 0) return [];
  return Array.from({ length: count }, (_, index) => index).filter((index) => !(index in draft.ticks));
}

/** The item after `index` that is neither ticked nor left, from the start again at the end; -1 if none. */
export function nextItem(draft, count, index = -1) {
  for (let step = 1; step <= count; step += 1) {
    const at = (index + step + count) % count;
    if (!(at in draft.ticks) && !draft.left.includes(at)) return at;
  }
  return -1;
}

/** The draft with an item ticked at a time of the video in seconds, or without the tick. */
export function withTick(draft, index, isTicked, time) {
  const ticks = { ...draft.ticks };
  if (isTicked) ticks[index] = Math.round(time * 10) / 10;
  else delete ticks[index];
  return { ...draft, ticks, left: draft.left.filter((left) => left !== index) };
}

export function withSkipped(draft, index) {
  return { ...draft, left: [...new Set([...draft.left, index])] };
}
