// Who films: the name and the phone number that were stated with a film link, or at the sign-in. The service knows
// an account by its id, but several people may open one link on one phone.

import { read, write } from './api.js';

const STORAGE_KEYS = {
  /** With the last film link that this phone has opened. */
  film: 'drive.link_who',
  /** At the last sign-in on this phone. */
  drive: 'drive.me',
};

/** What was stated last, `{name, mobile}`, or null. `kind` is that of the session. */
export function loadIdentity(kind, storage = globalThis.localStorage) {
  const stored = JSON.parse(read(storage, STORAGE_KEYS[kind]) ?? 'null');
  return stored?.name ? { name: stored.name, mobile: stored.mobile ?? '' } : null;
}

/** Only what has opened a session is stored. Null for a director, who states no name. */
export function saveIdentity(kind, identity, storage = globalThis.localStorage) {
  write(storage, STORAGE_KEYS[kind], identity ? JSON.stringify(identity) : null);
}

/** Whether both are one person. A name alone is not enough: a company may have two drivers of that name. */
export function isSamePerson(one, other) {
  if (!one || !other) return false;
  return plain(one.name) === plain(other.name) && subscriber(one.mobile) === subscriber(other.mobile);
}

const plain = (name) => name.trim().replace(/\s+/g, ' ').toLowerCase();

/** A number without its prefix, which is +7, 7 or 8. */
const subscriber = (mobile) => mobile.replace(/\D/g, '').slice(-10);

/** A person for somebody else to recognise, without the whole number. */
export const displayName = ({ name, mobile }) => {
  const end = subscriber(mobile).slice(-4);
  return end ? `${name} (…${end})` : name;
};
