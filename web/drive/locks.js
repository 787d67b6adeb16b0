// Locks between tabs (Web Locks API). Without the API every lock is treated as free.

/** Held while a recording or a copy is written, so that other tabs do not touch its file. */
export const filmLock = (id) => `drive-film-${id}`;

/** Held while a video of the report is sent. */
export const uploadLock = (refKey) => `drive-upload-${refKey}`;

/** Holds a lock until the returned function is called. */
export function holdLock(name, locks = navigator.locks) {
  if (!locks) return Promise.resolve(() => {});
  return new Promise((held) => {
    locks.request(name, () => new Promise((release) => held(release))).catch(() => held(() => {}));
  });
}

/** Acquires a lock if it is free. Resolves with the function that releases it, or null. */
export function tryLock(name, locks = navigator.locks) {
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    const hold = (lock) => {
      if (!lock) return resolve(null);
      return new Promise((release) => resolve(release));
    };
    locks.request(name, { ifAvailable: true }, hold).catch(() => resolve(() => {}));
  });
}

/** The names of the locks held by any tab. */
export async function heldLocks(locks = navigator.locks) {
  if (!locks?.query) return new Set();
  const { held = [] } = await locks.query();
  return new Set(held.map(({ name }) => name));
}

export const isHeld = async (name, locks = navigator.locks) => (await heldLocks(locks)).has(name);
