// The service worker: the pages open without a network, as they were seen last. It never touches uploads, and
// never answers for another part of the service.
//
// The address has the version of all files (`?v=`), so a new release brings a new worker. The files of an older one
// stay as long as a page that is kept names them: without a network that page is all that a driver has.

const VERSION = new URL(location.href).searchParams.get('v') ?? '0';
/** The cache of the files of one version. Their addresses begin with `/assets/{version}/`. */
const filesOf = (version) => `drive-files-${version}`;
/** Pages hold personal data, so they go with the sign-out. */
const PAGES = 'drive-pages';
/** A network that does not answer for so long is as good as none. */
const TIMEOUT = 4000;
/** A driver has a few reports at a time. */
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
  if (event.data?.type === 'keep') event.waitUntil(keep(event.data.pages));
  if (event.data?.type === 'renew') event.waitUntil(renew(event.data.pages));
});

/** The page of a report has another owner when a film link has led to it. */
const keyOf = ({ pathname, search }) => (search === '?link' ? pathname + search : pathname);

const isPage = ({ pathname }) => pathname === '/drive' || pathname.startsWith('/drive/report/');

/** Files never change under their address. */
async function file(request) {
  const known = await caches.match(request);
  if (known) return known;
  const answer = await fetch(request);
  // A file of another version is sent, but must not be kept.
  const isKept = answer.ok && (answer.headers.get('Cache-Control') ?? '').includes('immutable');
  if (isKept) {
    const [, , version] = new URL(request.url).pathname.split('/');
    const cache = await caches.open(filesOf(version));
    await cache.put(request, answer.clone()).catch(() => {});
  }
  return answer;
}

/** The page of the network, or the last one if there is none, or no service behind the network. */
async function page(event) {
  const { request } = event;
  const cache = await caches.open(PAGES);
  const key = keyOf(new URL(request.url));
  const fromNetwork = fetch(request).then(async (answer) => {
    if (answer.ok && !answer.redirected) await cache.put(key, answer.clone()).catch(() => {});
    return answer;
  });
  event.waitUntil(fromNetwork.catch(() => {}));
  const known = await cache.match(key);
  if (!known) return fromNetwork;
  const patience = new Promise((resolve) => setTimeout(() => resolve(known), TIMEOUT));
  const answer = await Promise.race([fromNetwork.catch(() => known), patience]);
  return answer.status >= 500 ? known : answer;
}

/** A page that is out of date must not be shown, even if there is no newer one. */
async function renew(pages) {
  const cache = await caches.open(PAGES);
  await Promise.all(pages.map((path) => cache.delete(path)));
  await keep(pages);
}

/** Fetches pages that a driver may need without a network. They are not activity of the driver. */
async function keep(pages) {
  await fetchAll(pages);
  await forgetFiles();
}

async function fetchAll(pages) {
  const cache = await caches.open(PAGES);
  for (const path of pages.filter((path) => isPage({ pathname: path })).slice(0, MAX_PAGES)) {
    try {
      const answer = await fetch(path, { headers: { 'X-Background': '1', Accept: 'text/html' }, credentials: 'same-origin' });
      if (!answer.ok || answer.redirected) continue;
      // A page is of no use without its files.
      await keepFiles(await answer.clone().text());
      await cache.put(path, answer);
    } catch {
      return;
    }
  }
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - MAX_PAGES)).map((key) => cache.delete(key)));
}

/** Deletes the files of other versions that no kept page names. */
async function forgetFiles() {
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

/** The files that a page names, and the modules that these import. */
async function keepFiles(html) {
  const names = new Set(html.match(/\/assets\/[^"'\s#]+/g) ?? []);
  const waiting = [...names];
  while (waiting.length > 0) {
    const name = waiting.pop();
    const answer = await file(new Request(name));
    if (!name.endsWith('.js') || !answer.ok || name.includes('/vendor/')) continue;
    const source = await answer.clone().text();
    for (const [, path] of source.matchAll(/from '(\.{1,2}\/[^']+)'/g)) {
      const found = new URL(path, new URL(name, location.origin)).pathname;
      if (!names.has(found)) {
        names.add(found);
        waiting.push(found);
      }
    }
  }
}
