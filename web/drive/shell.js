// The page's side of the service worker: what opens without a network.

/** The cache of `worker.js` that holds pages. */
const PAGES = 'drive-pages';

export const reportPage = (refKey) => `/drive/report/${refKey}`;

/** The same for whoever has opened a film link, also on the phone of a driver who has signed in. */
export const linkPage = (refKey) => `${reportPage(refKey)}?link`;

const currentPage = ({ pathname, search } = location) => (search === '?link' ? pathname + search : pathname);

/** The shell opens without a network. The pages of open reports are kept too, so that they can be filmed. */
export async function registerWorker({ can, worker, keep = [] }) {
  if (!can.isSecure || !navigator.serviceWorker) return;
  try {
    await navigator.serviceWorker.register(worker, { scope: '/drive' });
    const { active } = await navigator.serviceWorker.ready;
    active?.postMessage({ type: 'keep', pages: [currentPage(), ...keep] });
  } catch {
    // Without a service worker the page needs a network to open.
  }
}

/** The page of a report is out of date: without a network it must not ask for another video. */
export function invalidatePage(refKey) {
  globalThis.navigator?.serviceWorker?.controller?.postMessage({ type: 'renew', pages: [reportPage(refKey), linkPage(refKey)] });
}

/**
 * Forgets the pages of whoever was here before; a slow network would bring them back. `path` is one page, else all
 * go.
 */
export async function clearPageCache(path = null) {
  try {
    if (path === null) await caches.delete(PAGES);
    else await (await caches.open(PAGES)).delete(path);
  } catch {
    // Over plain http there is no cache.
  }
}
