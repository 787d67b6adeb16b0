import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Navigation } from '../../review/navigation.js';

const BASE = 'https://forte.kz';

/** A fake browser with a history; `back()` presses its back button. */
function browserAt(path) {
  const entries = [BASE + path];
  let index = 0;
  const listeners = [];
  const location = {
    get href() { return entries[index]; },
    get pathname() { return new URL(entries[index]).pathname; },
    get search() { return new URL(entries[index]).search; },
    assigned: [],
    assign(href) { this.assigned.push(href); },
  };
  const resolved = (url) => new URL(url, location.href).href;
  const go = (to) => {
    index = to;
    return Promise.all(listeners.map((listener) => listener()));
  };
  return {
    location,
    history: {
      pushState: (_, __, url) => entries.splice((index += 1), Infinity, resolved(url)),
      replaceState: (_, __, url) => { entries[index] = resolved(url); },
    },
    addEventListener: (name, listener) => name === 'popstate' && listeners.push(listener),
    back: () => go(index - 1),
    follow(fragment) {
      entries.splice(index + 1, Infinity, resolved(fragment));
      return go(index + 1);
    },
    entries,
  };
}

function navigation(path, { pages = {}, canShow = () => true } = {}) {
  const browser = browserAt(path);
  const shown = [];
  const fetched = [];
  let offline = 0;
  const fetch = async (href) => {
    fetched.push(href.slice(BASE.length));
    const page = await pages[href.slice(BASE.length)];
    return page ?? { url: href, page: {}, data: {} };
  };
  const self = new Navigation({ browser, fetch, canShow, show: ({ url }) => shown.push(url.slice(BASE.length)), onOffline: () => { offline += 1; } });
  return { self, browser, shown, fetched, offline: () => offline };
}

const events = () => new Promise((resolve) => { setImmediate(resolve); });

test('each report is a history entry, and the back button shows the previous one', async () => {
  const { self, browser, shown, fetched } = navigation('/review/report/a');
  assert.equal(await self.go('/review/report/b'), 'shown');
  assert.equal(await self.go('/review/report/c', { prefetched: { url: `${BASE}/review/report/c`, page: {} } }), 'shown');
  assert.deepEqual(fetched, ['/review/report/b']);
  await browser.back();
  await events();
  assert.deepEqual(shown, ['/review/report/b', '/review/report/c', '/review/report/b']);
  assert.equal(browser.entries.length, 3);
});

test('a link to a fragment of the page loads nothing', async () => {
  const { browser, fetched, shown } = navigation('/review/report/a');
  await browser.follow('#decision');
  assert.deepEqual([fetched, shown, browser.location.assigned], [[], [], []]);
});

test('the current page stays if the next one cannot be fetched', async () => {
  const gone = { isOffline: true };
  const { self, browser, shown, offline } = navigation('/review/report/a', { pages: { '/review/report/b': gone } });
  assert.equal(await self.go('/review/report/b'), 'offline');
  assert.equal(browser.location.pathname, '/review/report/a');
  assert.equal(offline(), 0);
  assert.deepEqual([shown, browser.location.assigned], [[], []]);
});

test('the back button without a network restores the address of the report shown', async () => {
  const pages = {};
  const { self, browser, offline } = navigation('/review/report/a', { pages });
  await self.go('/review/report/b');
  pages['/review/report/a'] = { isOffline: true };
  await browser.back();
  await events();
  assert.equal(browser.location.pathname, '/review/report/b');
  assert.equal(offline(), 1);
});

test('a page of another person, or without a report, is loaded', async () => {
  const queue = { url: `${BASE}/review` };
  const { self, browser, shown } = navigation('/review/report/a', { pages: { '/review': queue }, canShow: ({ url }) => !url.endsWith('b') });
  assert.equal(await self.go('/review'), 'loaded');
  assert.equal(await self.go('/review/report/b'), 'loaded');
  assert.deepEqual(browser.location.assigned, [`${BASE}/review`, `${BASE}/review/report/b`]);
  assert.deepEqual(shown, []);
});

test('the latest of concurrent calls wins', async () => {
  let late;
  const pages = { '/review/report/b': new Promise((resolve) => { late = resolve; }) };
  const { self, shown } = navigation('/review/report/a', { pages });
  const slow = self.go('/review/report/b');
  await self.go('/review/report/c');
  late({ url: `${BASE}/review/report/b`, page: {} });
  assert.equal(await slow, 'superseded');
  assert.deepEqual(shown, ['/review/report/c']);
});

test('a redirect sets the final address', async () => {
  const next = { url: `${BASE}/review/report/b?codec=h265`, page: {} };
  const { self, browser } = navigation('/review/report/a', { pages: { '/review/next?after=a': next } });
  await self.go('/review/next?after=a');
  assert.equal(browser.location.href, `${BASE}/review/report/b?codec=h265`);
});

test('the address does not contain the event that was already announced', async () => {
  const { self, browser } = navigation('/review/report/a?done=undone&company=7');
  assert.equal(browser.location.search, '?company=7');
  await self.go('/review/report/b?done=late');
  assert.equal(browser.location.search, '');
});
