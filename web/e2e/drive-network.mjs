// Faults between a driver's phone and the service: an unstable network, a closed page or killed browser, an ended
// session, a second tab, unavailable storage. Each video is stored exactly once and complete.

import assert from 'node:assert/strict';

import {
  checkResumed, choose, enterCode, FAKE_CAMERA, filesOf, firstOpenReport, firstOpenReports, openCamera,
  readyToSend, record, recordings, send, sent, sha256, signedIn, signIn, signInIfLost, textOf, videoOf,
  waitForAllSent, waitForRecorded, waitForText, watchUploads, withSession,
} from './driver.mjs';
import { checkAccessibility, readWorld, run, waitUntil } from './harness.mjs';
import { killableBrowser, networkOf, paddedVideo, quotaOf, withOnLine } from './faults.mjs';
import { startProxy } from './proxy.mjs';

const PIECE = 4 * 2 ** 20;
const MB = 2 ** 20;
/** The service worker would use storage for pages and respond in place of the network. */
const NO_SERVICE_WORKER = { serviceWorkers: 'block' };

const flows = {
  'sends although navigator.onLine is false': async (browser, world) => {
    const page = await withSession(browser, world);
    const report = await firstOpenReport(page);
    const uploads = watchUploads(page);
    await withOnLine(page, false);
    await choose(page, report, paddedVideo(world, PIECE + MB));
    await page.click('[data-do="send"]');
    await page.evaluate(() => dispatchEvent(new Event('offline')));
    await sent(page);
    checkResumed(uploads);
    await page.context().close();
  },

  'retries without a network although navigator.onLine is true': async (browser, world) => {
    const proxy = await startProxy(world.base);
    const page = await withSession(browser, world, { base: proxy.base });
    const report = await firstOpenReport(page);
    const uploads = watchUploads(page);
    const file = paddedVideo(world, 3 * PIECE + 1);
    await choose(page, report, file);
    const before = proxy.sent;
    let isCut = proxy.cutAfter(PIECE + MB);
    await page.click('[data-do="send"]');
    for (let cuts = 0; cuts < 2; cuts++) {
      await isCut;
      await waitForText(page, 'state', 'drive.waiting');
      assert.equal(await page.evaluate(() => navigator.onLine), true);
      await page.evaluate(() => dispatchEvent(new Event('online')));
      await waitForText(page, 'state', 'drive.waiting');
      isCut = proxy.cutAfter(PIECE / 2);
      proxy.restore();
    }
    await isCut;
    proxy.restore();
    await sent(page);
    checkResumed(uploads);
    const maxBytes = file.buffer.length + 3 * PIECE + MB / 4;
    assert.ok(proxy.sent - before <= maxBytes, `${proxy.sent - before} of at most ${maxBytes} bytes`);
    assert.equal((await videoOf(page, report)).sha256, sha256(file));
    await page.context().close();
    proxy.close();
  },

  'sends two videos of equal size to their own reports': async (browser, world) => {
    const proxy = await startProxy(world.base);
    const page = await withSession(browser, world, { base: proxy.base });
    const [one, other] = await firstOpenReports(page, 2);
    const [first, second] = [paddedVideo(world, PIECE, 1), paddedVideo(world, PIECE, 2)];
    assert.equal(first.buffer.length, second.buffer.length);
    const uploads = watchUploads(page);
    await choose(page, one, first);
    const isCut = proxy.cutAfter(PIECE / 2);
    await page.click('[data-do="send"]');
    await isCut;
    await waitForText(page, 'state', 'drive.waiting');
    proxy.restore();
    await choose(page, other, second);
    await send(page);
    await page.goto('/drive');
    await waitForAllSent(page);
    assert.deepEqual(uploads.created, [201, 201]);
    for (const [report, file] of [[one, first], [other, second]]) {
      assert.equal((await videoOf(page, report)).sha256, sha256(file));
    }
    await page.context().close();
    proxy.close();
  },

  'records and sends over an unstable network': async (browser, world) => {
    const proxy = await startProxy(world.base);
    const page = await withSession(browser, world, { base: proxy.base });
    const report = await firstOpenReport(page);
    const uploads = watchUploads(page);
    await openCamera(page, report);
    await page.click('[data-do="start"]');
    await waitForRecorded(page, 1);
    proxy.cut();
    await waitForRecorded(page, 3);
    proxy.restore();
    await waitForRecorded(page, 4);
    await page.click('[data-do="stop"]');
    await readyToSend(page);
    const isCut = proxy.cutAfter(100_000);
    const before = proxy.sent;
    await page.click('[data-do="send"]');
    await isCut;
    await waitForText(page, 'state', 'drive.waiting');
    proxy.restore();
    await sent(page);
    checkResumed(uploads);
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms >= 3000, `${facts.duration_ms} ms`);
    assert.ok(proxy.sent - before < 2 * facts.length + MB / 4);
    await page.context().close();
    proxy.close();
  },

  'stores one video if the page is reloaded at any stage of the upload': async (browser, world) => {
    const proxy = await startProxy(world.base);
    const page = await withSession(browser, world, { base: proxy.base });
    const report = await firstOpenReport(page);
    const file = paddedVideo(world, 2 * PIECE + MB);
    await choose(page, report, file);
    const created = proxy.dropResponse(/^POST \/uploads HTTP/);
    await page.click('[data-do="send"]');
    await created;
    const half = proxy.dropResponse(/^PATCH [^]*upload-offset: 0\r/i);
    await page.reload();
    await half;
    const last = proxy.dropResponse(new RegExp(`^PATCH [^]*upload-offset: ${2 * PIECE}\\r`, 'i'));
    await page.reload();
    await last;
    await page.reload();
    assert.match(await page.textContent('main'), new RegExp(await textOf(page, 'drive.link_done')));
    await page.goto('/drive');
    await waitForAllSent(page);
    assert.deepEqual((await recordings(page)).map(({ state }) => state), ['sent']);
    await waitUntil(async () => (await filesOf(page)).length === 0, 'the copy is removed');
    assert.equal((await videoOf(page, report)).sha256, sha256(file));
    await page.context().close();
    proxy.close();
  },

  'sends the recording after the session has ended and the driver has signed in again': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await firstOpenReport(page);
    await openCamera(page, report);
    await record(page, 3);
    const csrf = await page.evaluate(() => JSON.parse(document.getElementById('page-data').textContent).csrf);
    const ended = await page.request.post('/drive/session/end', { form: { csrf }, headers: { Origin: world.base } });
    assert.ok(ended.ok(), `${ended.status()}`);
    await page.click('[data-do="send"]');
    await waitForText(page, 'failed', 'drive.signed_out');
    await checkAccessibility(page, 'signed out');
    assert.equal((await filesOf(page)).length, 1);
    await page.click('[data-part="sign-in"]');
    await page.waitForURL(/\/drive\/sign-in/);
    await enterCode(page, world, `/drive/report/${report}`);
    await sent(page);
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms >= 2000, `${facts.duration_ms} ms`);
    await page.context().close();
  },

  'resumes the upload after the browser was killed': async (_, world) => {
    const { first, second, close } = await killableBrowser(world);
    const page = await first();
    await signIn(page, world);
    const report = await firstOpenReport(page);
    const file = paddedVideo(world, 3 * PIECE);
    await choose(page, report, file);
    await (await networkOf(page)).slow(2 * MB);
    await page.click('[data-do="send"]');
    await waitUntil(async () => (await recordings(page)).some(({ acknowledged }) => acknowledged >= PIECE));
    const again = await second();
    const uploads = watchUploads(again);
    await signInIfLost(again, world);
    await waitForAllSent(again);
    assert.deepEqual(uploads.created, []);
    assert.ok(uploads.offsets[0].offset >= PIECE, JSON.stringify(uploads.offsets));
    assert.equal((await videoOf(again, report)).sha256, sha256(file));
    await close();
  },

  'asks for the same file after a reload if there is no copy': async (browser, world) => {
    const proxy = await startProxy(world.base);
    const page = await withSession(browser, world, { base: proxy.base, ...NO_SERVICE_WORKER });
    const report = await firstOpenReport(page);
    const uploads = watchUploads(page);
    await (await quotaOf(page)).leave(2 * MB);
    const file = paddedVideo(world, 3 * PIECE, 3);
    await choose(page, report, file);
    const isCut = proxy.cutAfter(PIECE + MB);
    await page.click('[data-do="send"]');
    await isCut;
    await waitForText(page, 'state', 'drive.waiting');
    proxy.restore();
    await page.reload();
    const [{ acknowledged, size }] = await recordings(page);
    assert.ok(acknowledged >= PIECE, `${acknowledged} bytes`);
    await waitForText(page, 'same', 'drive.pick_same', { p: Math.floor((acknowledged / size) * 100) });
    await checkAccessibility(page, 'the same video');
    await page.setInputFiles('#file', file);
    await sent(page);
    checkResumed(uploads);
    assert.equal((await videoOf(page, report)).sha256, sha256(file));
    await page.context().close();
    proxy.close();
  },

  'only one of two tabs sends a video': async (browser, world) => {
    const page = await withSession(browser, world);
    const report = await firstOpenReport(page);
    const uploads = watchUploads(page);
    await choose(page, report, paddedVideo(world, 2 * PIECE, 4));
    const network = await networkOf(page);
    await network.slow(MB);
    await page.click('[data-do="send"]');
    await waitUntil(() => uploads.created.length === 1);
    const other = await page.context().newPage();
    await other.goto(`/drive/report/${report}`);
    await waitForText(other, 'failed', 'drive.other_tab');
    await checkAccessibility(other, 'other tab');
    await network.back();
    await sent(page);
    await other.click('[data-do="retry"]');
    await sent(other);
    checkResumed(uploads);
    await page.context().close();
  },

  'retries while the service is unavailable': async (browser, world) => {
    const page = await withSession(browser, world, NO_SERVICE_WORKER);
    const report = await firstOpenReport(page);
    const uploads = watchUploads(page);
    const file = paddedVideo(world, PIECE + MB, 5);
    await choose(page, report, file);
    let refused = 0;
    await page.route('**/uploads/*', (route) => {
      if (route.request().method() !== 'PATCH' || refused === 2) return route.fallback();
      refused++;
      return route.fulfill({ status: 503, headers: { 'Retry-After': '4' } });
    });
    await page.click('[data-do="send"]');
    const [before, after] = (await textOf(page, 'drive.store_away')).split('{n}');
    await page.waitForFunction((texts) => texts.every((text) => document.querySelector('[data-screen="sending"] [data-show="state"]').textContent.includes(text)), [before, after]);
    await checkAccessibility(page, 'service away');
    await sent(page);
    assert.equal(refused, 2);
    assert.equal(uploads.created.length, 1);
    assert.equal((await videoOf(page, report)).sha256, sha256(file));
    await page.context().close();
  },
};

await run(flows, { ...readWorld(), arguments_: FAKE_CAMERA });
