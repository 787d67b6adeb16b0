import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { runInNewContext } from 'node:vm';

const SOURCE = readFileSync(new URL('../../drive/worker.js', import.meta.url), 'utf8');
const ORIGIN = 'https://forte.test';
const FOREVER = { 'Cache-Control': 'public, immutable' };

/** A fake `CacheStorage`, shared by the service workers of a test. */
function browserCaches() {
  const all = new Map();
  const keyOf = (request) => {
    const { pathname, search } = new URL(request.url ?? request, ORIGIN);
    return pathname + search;
  };
  const open = async (name) => {
    if (!all.has(name)) all.set(name, new Map());
    const cache = all.get(name);
    return {
      match: async (request) => cache.get(keyOf(request))?.clone(),
      put: async (request, response) => void cache.set(keyOf(request), response),
      delete: async (request) => cache.delete(keyOf(request)),
      keys: async () => [...cache.keys()],
    };
  };
  const match = async (request) => {
    for (const cache of all.values()) if (cache.has(keyOf(request))) return cache.get(keyOf(request)).clone();
    return undefined;
  };
  return { open, match, keys: async () => [...all.keys()], delete: async (name) => all.delete(name) };
}

/** Runs the service worker of a version. `service(path)` returns a response, or throws without a network. */
function worker(version, caches, service) {
  const listeners = {};
  const scope = {
    location: new URL(`${ORIGIN}/drive/worker.js?v=${version}`),
    addEventListener: (type, listener) => (listeners[type] = listener),
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url ?? request, ORIGIN);
      return service(pathname + search);
    },
    Request: class { constructor(path) { this.url = new URL(path, ORIGIN).href; } },
    caches, URL, Response, Promise, setTimeout: () => {}, skipWaiting() {}, clients: { claim: async () => {} },
  };
  runInNewContext(SOURCE, scope);
  const send = async (type, event) => {
    const waits = [];
    listeners[type]({ ...event, waitUntil: (wait) => waits.push(wait) });
    await Promise.all(waits);
  };
  return {
    activate: () => send('activate', {}),
    post: (data) => send('message', { data }),
    async open(path, mode = 'navigate') {
      let response;
      const request = { method: 'GET', url: ORIGIN + path, mode };
      await send('fetch', { request, respondWith: (value) => (response = value) });
      return response;
    },
  };
}

/** A fake service of a version. */
const serviceOf = (version) => (path) => {
  if (path.startsWith('/assets/')) return new Response(`// of ${version}`, { headers: FOREVER });
  return new Response(`<script src="/assets/${version}/drive/report.js"></script>${path}`);
};
const offlineService = () => { throw new TypeError('no network'); };
const text = async (response) => (await response).text();

test('files of the previous release stay cached until its pages are replaced', async () => {
  const caches = browserCaches();
  await worker('1', caches, serviceOf('1')).post({ type: 'keep', pages: ['/drive', '/drive/report/a'] });
  const second = worker('2', caches, serviceOf('2'));
  await second.activate();
  await second.post({ type: 'keep', pages: ['/drive'] });
  const offline = worker('2', caches, offlineService);
  assert.match(await text(await offline.open('/drive/report/a')), /assets\/1/);
  assert.equal(await text(await offline.open('/assets/1/drive/report.js', 'script')), '// of 1');
  await second.post({ type: 'keep', pages: ['/drive/report/a'] });
  assert.deepEqual((await caches.keys()).filter((name) => name.startsWith('drive-files')), ['drive-files-2']);
  assert.equal(await text(await offline.open('/assets/2/drive/report.js', 'script')), '// of 2');
});

test('a refreshed page is not served from the cache without a network', async () => {
  const caches = browserCaches();
  await worker('1', caches, serviceOf('1')).post({ type: 'keep', pages: ['/drive/report/a', '/drive/report/b'] });
  const offline = worker('1', caches, offlineService);
  await offline.post({ type: 'renew', pages: ['/drive/report/a'] });
  await assert.rejects(offline.open('/drive/report/a'));
  assert.match(await text(await offline.open('/drive/report/b')), /assets/);
});

test('the page of a film link is cached separately from that of a signed-in driver', async () => {
  const caches = browserCaches();
  const online = worker('1', caches, serviceOf('1'));
  await online.post({ type: 'keep', pages: ['/drive/report/a', '/drive/report/a?link'] });
  const offline = worker('1', caches, offlineService);
  assert.match(await text(await offline.open('/drive/report/a?link')), /a\?link$/);
  assert.match(await text(await offline.open('/drive/report/a?utm=1')), /report\/a$/);
});

test('a cached page is served if the service fails', async () => {
  const caches = browserCaches();
  await worker('1', caches, serviceOf('1')).post({ type: 'keep', pages: ['/drive/report/a'] });
  const failing = worker('1', caches, () => new Response('Bad Gateway', { status: 502 }));
  assert.match(await text(await failing.open('/drive/report/a')), /assets/);
  assert.equal((await failing.open('/drive/report/b')).status, 502);
});
