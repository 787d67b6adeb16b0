// The service worker: opens pages from the cache without a network. It handles neither uploads nor other parts of the
// service.
//
// Its URL contains the version of all files (`?v=`), so each release installs a new worker. Files of an older version
// stay cached as long as a cached page refers to them: without a network that page is still needed.

const VERSION = new URL(location.href).searchParams.get('v') ?? '0';
/** The name of the cache for the files of a version, whose paths start with `/assets/{version}/`. */
const filesOf = (version) => `drive-files-${version}`;
/** The cache of pages. They contain personal data, so it is deleted at the sign-out. */
const PAGES = 'drive-pages';
/** Milliseconds after which the cached page is used instead of the network. */
const NETWORK_TIMEOUT = 4000;
/** More than the number of open reports of a driver. */
const MAX_PAGES = 40;

addEventListener('install', () => skipWaiting());

addEventListener('activate', (event) => {
  event.waitUntil(clients.claim());
});

addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (url.pathname.startsWith('/assets/')) event.respondWith(file(request));
  else if (request.mode === 'navigate' && isPage(url)) event.respondWith(page(event));
});

addEventListener('message', (event) => {
  if (event.data?.type === 'keep') event.waitUntil(precache(event.data.pages));
  if (event.data?.type === 'renew') event.waitUntil(refreshPages(event.data.pages));
});

/** The cache key of a page. The page of a film link is cached separately: it belongs to another session. */
const keyOf = ({ pathname, search }) => (search === '?link' ? pathname + search : pathname);

const isPage = ({ pathname }) => pathname === '/drive' || pathname.startsWith('/drive/report/');

/** Cache first: a file never changes under its URL. */
async function file(request) {
  const cached = await caches.match(request);
  if (cached) return cached;
  const response = await fetch(request);
  // The server may send a file of another version, which must not be cached under this URL.
  const isCacheable = response.ok && (response.headers.get('Cache-Control') ?? '').includes('immutable');
  if (isCacheable) {
    const [, , version] = new URL(request.url).pathname.split('/');
    const cache = await caches.open(filesOf(version));
    await cache.put(request, response.clone()).catch(() => {});
  }
  return response;
}

/** Network first; the cached page if the network is missing or slow, or the service fails. */
async function page(event) {
  const { request } = event;
  const cache = await caches.open(PAGES);
  const key = keyOf(new URL(request.url));
  const fromNetwork = fetch(request).then(async (response) => {
    if (response.ok && !response.redirected) await cache.put(key, response.clone()).catch(() => {});
    return response;
  });
  event.waitUntil(fromNetwork.catch(() => {}));
  const cached = await cache.match(key);
  if (!cached) return fromNetwork;
  const timeout = new Promise((resolve) => setTimeout(() => resolve(cached), NETWORK_TIMEOUT));
  const response = await Promise.race([fromNetwork.catch(() => cached), timeout]);
  return response.status >= 500 ? cached : response;
}

/** Deletes outdated pages, also without a network, and fetches them again. */
async function refreshPages(pages) {
  const cache = await caches.open(PAGES);
  await Promise.all(pages.map((path) => cache.delete(path)));
  await precache(pages);
}

/** Fetches pages for use without a network. The requests do not extend the session. */
async function precache(pages) {
  await fetchPages(pages);
  await deleteUnusedFiles();
}

async function fetchPages(pages) {
  const cache = await caches.open(PAGES);
  for (const path of pages.filter((path) => isPage({ pathname: path })).slice(0, MAX_PAGES)) {
    try {
      const response = await fetch(path, { headers: { 'X-Background': '1', Accept: 'text/html' }, credentials: 'same-origin' });
      if (!response.ok || response.redirected) continue;
      // The page is cached only after its files.
      await cacheFiles(await response.clone().text());
      await cache.put(path, response);
    } catch {
      return;
    }
  }
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - MAX_PAGES)).map((key) => cache.delete(key)));
}

/** Deletes the files of versions that no cached page refers to. */
async function deleteUnusedFiles() {
  const cache = await caches.open(PAGES);
  const used = new Set([filesOf(VERSION)]);
  for (const key of await cache.keys()) {
    const html = await (await cache.match(key)).text();
    for (const [, version] of html.matchAll(/\/assets\/([^/"'\s]+)\//g)) used.add(filesOf(version));
  }
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith('drive-files-') && !used.has(name));
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** Caches the files that a page refers to, and the modules that they import. */
async function cacheFiles(html) {
  const names = new Set(html.match(/\/assets\/[^"'\s#]+/g) ?? []);
  const waiting = [...names];
  while (waiting.length > 0) {
    const name = waiting.pop();
    const response = await file(new Request(name));
    if (!name.endsWith('.js') || !response.ok || name.includes('/vendor/')) continue;
    const source = await response.clone().text();
    for (const [, path] of source.matchAll(/from '(\.{1,2}\/[^']+)'/g)) {
      const found = new URL(path, new URL(name, location.origin)).pathname;
      if (!names.has(found)) {
        names.add(found);
        waiting.push(found);
      }
    }
  }
}
