// What a reviewer sees of a video when something is in its way: a link that expires, a store that is away, a codec
// that this browser does not show. Flows of `console.mjs`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { choose, send, signedIn } from './driver.mjs';
import { accessible } from './harness.mjs';
import { another, approve, DEAF, reviewer, text, watch } from './reviewer.mjs';

const H265 = new URL('../../samples/good-h265.mp4', import.meta.url);

export const videoFlows = {
  async 'a link is renewed before it expires; time, pause and speed stay'(browser, world) {
    // Nothing plays by itself.
    const page = await reviewer(browser, world, { reducedMotion: 'reduce' });
    await expireIn(page, 10_000);
    await nothingIsLoaded(page);
    const links = linksOf(page);
    await another(page);
    assert.deepEqual(links, []);
    const before = await stateOf(page);
    assert.equal(before.isPaused, true);
    await page.keyboard.press('3');
    await Promise.all([page.waitForResponse(/\/link$/), page.keyboard.press('ArrowRight')]);
    await page.waitForFunction((time) => {
      const { currentTime, readyState, seeking } = document.querySelector('video[data-part="video"]');
      return readyState >= 2 && !seeking && Math.abs(currentTime - time) < 0.1;
    }, before.time + 5);
    const after = await stateOf(page);
    assert.deepEqual(links, [200]);
    assert.deepEqual([after.isPaused, after.speed], [true, 2]);
    // The new link is good for a long time.
    await page.keyboard.press('k');
    await watch(page);
    assert.deepEqual(links, [200]);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  },

  async 'a video whose link has expired goes on where it was with a new one'(browser, world) {
    const page = await reviewer(browser, world);
    await another(page);
    const time = await watchedTo(page, 2.5);
    const store = await storeOf(page);
    store.refusesUntilRenewed();
    const links = linksOf(page);
    await page.reload();
    await goesOn(page, time);
    assert.ok(store.refused > 0);
    assert.deepEqual(links.slice(0, 1), [200]);
    await page.context().close();
  },

  async 'while the store is away, the checks can be read; then the video goes on where it was'(browser, world) {
    const page = await reviewer(browser, world);
    await another(page);
    const time = await watchedTo(page, 2.5);
    const store = await storeOf(page);
    store.isAway = true;
    await page.reload();
    const note = page.locator('[data-show="player"]', { hasText: /Хранилище видео не отвечает\.\sПовторим\sчерез\s\d+\sс/ });
    await note.waitFor();
    await page.click('.checks summary');
    assert.ok(await page.locator('.checks .passed li:visible').count() > 0);
    await accessible(page, 'the store is away');
    assert.equal(await page.isVisible('[data-part="download"]'), false);
    store.isAway = false;
    await goesOn(page, time);
    assert.equal(await page.isVisible('[data-part="stage-note"]'), false);
    await page.context().close();
  },

  async 'H.265 is not shown but downloaded, and can be decided'(browser, world) {
    const ref = await sendFile(browser, world, H265);
    const page = await reviewer(browser, world);
    await page.goto('/review?codec=h265');
    const row = page.locator(`tr:has(a[data-open][href*="${ref}"])`);
    assert.match(await row.locator('.length').innerText(), /H\.265/);
    await row.locator('a[data-open]').click();
    await page.waitForURL((url) => url.pathname.endsWith(ref));
    await page.locator('[data-part="download"]').waitFor();
    assert.match(await text(page, 'player'), /не показывает H\.265/);
    await accessible(page, 'H.265');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-part="download"]')]);
    assert.match(download.suggestedFilename(), /\.mp4$/);
    assert.deepEqual(readFileSync(await download.path()), readFileSync(H265));
    await page.waitForTimeout(DEAF);
    await approve(page);
    assert.match(await text(page, 'undo'), /одобрено/);
    await page.context().close();
  },
};

const stateOf = (page) => page.evaluate(() => {
  const { currentTime: time, paused: isPaused, playbackRate: speed } = document.querySelector('video[data-part="video"]');
  return { time, isPaused, speed };
});

/** The answers to requests for a link, from now on. */
function linksOf(page) {
  const answers = [];
  page.on('response', (response) => {
    if (new URL(response.url()).pathname.endsWith('/link')) answers.push(response.status());
  });
  return answers;
}

/** The pages of reports say that their links end soon. */
const expireIn = (page, milliseconds) => page.route(/\/review\/report\/[^/]+$/, async (route) => {
  const response = await route.fetch();
  const html = await response.text();
  assert.match(html, /"expiresAt":\d+/);
  const end = Date.now() + milliseconds;
  await route.fulfill({ response, body: html.replace(/"expiresAt":\d+/, `"expiresAt":${end}`) });
});

/** As with a long video of which little is loaded: every place is still to be fetched. */
const nothingIsLoaded = (page) => page.addInitScript(() => {
  Object.defineProperty(HTMLMediaElement.prototype, 'buffered', { get: () => ({ length: 0 }) });
});

/** Watches so many seconds; returns the time that the draft has. */
async function watchedTo(page, seconds) {
  await page.waitForFunction((end) => document.querySelector('video[data-part="video"]').currentTime > end, seconds);
  return seconds - 0.5;
}

/** It plays, from about where it was. */
async function goesOn(page, time) {
  const first = await page.waitForFunction(() => {
    const { currentTime, readyState, paused } = document.querySelector('video[data-part="video"]');
    return readyState >= 2 && currentTime > 0 && !paused && currentTime;
  });
  assert.ok(await first.jsonValue() >= time, `at ${await first.jsonValue()} s of ${time}`);
  await watch(page);
}

/** The store in front of the player: it can be away, or refuse the link that the page came with. */
async function storeOf(page) {
  const store = { isAway: false, isOld: false, refused: 0, refusesUntilRenewed() { this.isOld = true; } };
  await page.route('**/*', async (route) => {
    const request = route.request();
    if (new URL(request.url()).pathname.endsWith('/link') && request.headers()['x-background'] === undefined) {
      const response = await route.fetch();
      store.isOld = false;
      return route.fulfill({ response });
    }
    if (request.resourceType() !== 'media') return route.fallback();
    if (store.isAway) return route.abort('connectionrefused');
    if (!store.isOld) return route.fallback();
    store.refused += 1;
    return route.fulfill({ status: 403 });
  });
  return store;
}

/** A driver sends a file for a report; returns its key. */
async function sendFile(browser, world, { pathname }) {
  const page = await signedIn(browser, world);
  const address = await page.getAttribute('article.report:not(:has(.notice)) a[href^="/drive/report/"]', 'href');
  const ref = address.split('/').at(-1);
  await choose(page, ref, decodeURIComponent(pathname));
  await send(page);
  await page.context().close();
  return ref;
}
