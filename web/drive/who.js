// The identity of the driver: name and phone as stated for a film link or at the sign-in. The service identifies only
// accounts and links, but several people may open the same link on one phone.

import { read, write } from './api.js';

const STORAGE_KEYS = {
  /** Stated for the last film link opened on this phone. */
  film: 'drive.link_who',
  /** Stated at the last sign-in on this phone. */
  drive: 'drive.me',
};

/** The identity stated last, `{name, mobile}`, or null. `kind` is the kind of the session. */
export function loadIdentity(kind, storage = globalThis.localStorage) {
  const stored = JSON.parse(read(storage, STORAGE_KEYS[kind]) ?? 'null');
  return stored?.name ? { name: stored.name, mobile: stored.mobile ?? '' } : null;
}

/** Stores the identity after the session was opened; null for a director, who states no name. */
export function saveIdentity(kind, identity, storage = globalThis.localStorage) {
  write(storage, STORAGE_KEYS[kind], identity ? JSON.stringify(identity) : null);
}

/** Whether both are the same person. The name alone is not enough: two drivers may share it. */
export function isSamePerson(one, other) {
  if (!one || !other) return false;
  return normalized(one.name) === normalized(other.name) && subscriber(one.mobile) === subscriber(other.mobile);
}

const normalized = (name) => name.trim().replace(/\s+/g, ' ').toLowerCase();

/** The phone number without its prefix (+7, 7 or 8). */
const subscriber = (mobile) => mobile.replace(/\D/g, '').slice(-10);

/** The name with the last digits of the phone number, to be shown to others. */
export const displayName = ({ name, mobile }) => {
  const end = subscriber(mobile).slice(-4);
  return end ? `${name} (…${end})` : name;
};
