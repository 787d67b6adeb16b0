// Playback faults in the review console: an expired link, unavailable storage, an unsupported codec. Flows of
// `console.mjs`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { choose, send, signedIn } from './driver.mjs';
import { checkAccessibility } from './harness.mjs';
import { another, approve, DECISION_DELAY, reviewer, text, watch } from './reviewer.mjs';

const H265 = new URL('../../samples/good-h265.mp4', import.meta.url);

export const videoFlows = {
  async 'a link is renewed before it expires, and position, pause and speed are kept'(browser, world) {
    // Disables autoplay.
    const page = await reviewer(browser, world, { reducedMotion: 'reduce' });
    await withLinkExpiry(page, 10_000);
    await withoutBuffer(page);
    const links = recordLinkRequests(page);
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
    // The new link does not expire during the flow.
    await page.keyboard.press('k');
    await watch(page);
    assert.deepEqual(links, [200]);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  },

  async 'a video with an expired link continues with a new one'(browser, world) {
    const page = await reviewer(browser, world);
    await another(page);
    const time = await watchTo(page, 2.5);
    const storage = await interceptStorage(page);
    storage.expireLink();
    const links = recordLinkRequests(page);
    await page.reload();
    await checkContinues(page, time);
    assert.ok(storage.refused > 0);
    assert.deepEqual(links.slice(0, 1), [200]);
    await page.context().close();
  },

  async 'the checks are readable while the storage is unavailable, and the video continues afterwards'(browser, world) {
    const page = await reviewer(browser, world);
    await another(page);
    const time = await watchTo(page, 2.5);
    const storage = await interceptStorage(page);
    storage.isUnavailable = true;
    await page.reload();
    const note = page.locator('[data-show="player"]', { hasText: /Хранилище видео не отвечает\.\sПовторим\sчерез\s\d+\sс/ });
    await note.waitFor();
    await page.click('.checks summary');
    assert.ok(await page.locator('.checks .passed li:visible').count() > 0);
    await checkAccessibility(page, 'storage unavailable');
    assert.equal(await page.isVisible('[data-part="download"]'), false);
    storage.isUnavailable = false;
    await checkContinues(page, time);
    assert.equal(await page.isVisible('[data-part="stage-note"]'), false);
    await page.context().close();
  },

  async 'an H.265 video can be downloaded and decided'(browser, world) {
    const ref = await sendFile(browser, world, H265);
    const page = await reviewer(browser, world);
    await page.goto('/review?codec=h265');
    const row = page.locator(`tr:has(a[data-open][href*="${ref}"])`);
    assert.match(await row.locator('.length').innerText(), /H\.265/);
    await row.locator('a[data-open]').click();
    await page.waitForURL((url) => url.pathname.endsWith(ref));
    await page.locator('[data-part="download"]').waitFor();
    assert.match(await text(page, 'player'), /не показывает H\.265/);
    await checkAccessibility(page, 'H.265');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-part="download"]')]);
    assert.match(download.suggestedFilename(), /\.mp4$/);
    assert.deepEqual(readFileSync(await download.path()), readFileSync(H265));
    await page.waitForTimeout(DECISION_DELAY);
    await approve(page);
    assert.match(await text(page, 'undo'), /одобрено/);
    await page.context().close();
  },
};

const stateOf = (page) => page.evaluate(() => {
  const { currentTime: time, paused: isPaused, playbackRate: speed } = document.querySelector('video[data-part="video"]');
  return { time, isPaused, speed };
});

/** Records the status of requests for a link. */
function recordLinkRequests(page) {
  const statuses = [];
  page.on('response', (response) => {
    if (new URL(response.url()).pathname.endsWith('/link')) statuses.push(response.status());
  });
  return statuses;
}

/** Changes the expiry of the link in the pages of reports. */
const withLinkExpiry = (page, milliseconds) => page.route(/\/review\/report\/[^/]+$/, async (route) => {
  const response = await route.fetch();
  const html = await response.text();
  assert.match(html, /"expiresAt":\d+/);
  const end = Date.now() + milliseconds;
  await route.fulfill({ response, body: html.replace(/"expiresAt":\d+/, `"expiresAt":${end}`) });
});

/** Reports nothing as buffered, as with a long video. */
const withoutBuffer = (page) => page.addInitScript(() => {
  Object.defineProperty(HTMLMediaElement.prototype, 'buffered', { get: () => ({ length: 0 }) });
});

/** Watches a number of seconds. Returns a lower bound of the position in the draft. */
async function watchTo(page, seconds) {
  await page.waitForFunction((end) => document.querySelector('video[data-part="video"]').currentTime > end, seconds);
  return seconds - 0.5;
}

/** Asserts that the video plays on from a position. */
async function checkContinues(page, time) {
  const first = await page.waitForFunction(() => {
    const { currentTime, readyState, paused } = document.querySelector('video[data-part="video"]');
    return readyState >= 2 && currentTime > 0 && !paused && currentTime;
  });
  assert.ok(await first.jsonValue() >= time, `at ${await first.jsonValue()} s of ${time}`);
  await watch(page);
}

/** Intercepts requests to the storage: it can be unavailable, or refuse the link of the page. */
async function interceptStorage(page) {
  const storage = { isUnavailable: false, isLinkExpired: false, refused: 0, expireLink() { this.isLinkExpired = true; } };
  await page.route('**/*', async (route) => {
    const request = route.request();
    if (new URL(request.url()).pathname.endsWith('/link') && request.headers()['x-background'] === undefined) {
      const response = await route.fetch();
      storage.isLinkExpired = false;
      return route.fulfill({ response });
    }
    if (request.resourceType() !== 'media') return route.fallback();
    if (storage.isUnavailable) return route.abort('connectionrefused');
    if (!storage.isLinkExpired) return route.fallback();
    storage.refused += 1;
    return route.fulfill({ status: 403 });
  });
  return storage;
}

/** Sends a file as a driver. Returns the reference key of the report. */
async function sendFile(browser, world, { pathname }) {
  const page = await signedIn(browser, world);
  const address = await page.getAttribute('article.report:not(:has(.notice)) a[href^="/drive/report/"]', 'href');
  const ref = address.split('/').at(-1);
  await choose(page, ref, decodeURIComponent(pathname));
  await send(page);
  await page.context().close();
  return ref;
}
