// Client of the service worker, which opens pages without a network.

/** The cache of `worker.js` that holds pages. */
const PAGES = 'drive-pages';

export const reportPage = (refKey) => `/drive/report/${refKey}`;

/** The page of a report opened by a film link. It is cached separately from that of a signed-in driver. */
export const linkPage = (refKey) => `${reportPage(refKey)}?link`;

const currentPage = ({ pathname, search } = location) => (search === '?link' ? pathname + search : pathname);

/** Registers the service worker, and caches this page and those of open reports for use without a network. */
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

/** Refreshes the cached pages of a report that has its video: offline they must not ask for another one. */
export function invalidatePage(refKey) {
  globalThis.navigator?.serviceWorker?.controller?.postMessage({ type: 'renew', pages: [reportPage(refKey), linkPage(refKey)] });
}

/**
 * Deletes the cached pages of the previous session, which would be shown on a slow network. `path` limits it to one
 * page.
 */
export async function clearPageCache(path = null) {
  try {
    if (path === null) await caches.delete(PAGES);
    else await (await caches.open(PAGES)).delete(path);
  } catch {
    // Over plain http there is no cache.
  }
}
