// The driver's page in Chromium with a fake camera: recording, picking a file, uploading over a bad network.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  askForCode, checkResumed, choose, FAKE_CAMERA, firstOpenReport, grantPosition, openCamera, phone, readyToSend,
  record, recordings, send, sent, signedIn, signIn, signInIfLost, toSignIn, videoOf, watchUploads,
} from './driver.mjs';
import { killableBrowser, networkOf, paddedVideo, withCamera } from './faults.mjs';
import { check, checkAccessibility, readWorld, run, waitUntil } from './harness.mjs';

const PIECE = 4 * 2 ** 20;

const flows = {
  'a recording of twenty seconds is accepted': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await firstOpenReport(page);
    await check(page, 'list');
    await openCamera(page, report);
    await record(page, 20);
    await checkAccessibility(page, 'check');
    await send(page);
    await check(page, 'sent');
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms >= 18_000 && facts.duration_ms <= 22_000, `${facts.duration_ms} ms`);
    await page.goto('/drive');
    assert.deepEqual((await recordings(page)).map(({ state }) => state), ['sent']);
    await page.context().close();
  },

  'saves the recording when the camera is lost': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await firstOpenReport(page);
    await withCamera(page, { endsAfter: 3000 });
    await openCamera(page, report);
    await page.click('[data-do="start"]');
    await readyToSend(page);
    await send(page);
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms <= 4000, `${facts.duration_ms} ms`);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  },

  'loses at most two seconds on a reload while recording': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await firstOpenReport(page);
    page.on('dialog', (dialog) => dialog.accept());
    await openCamera(page, report);
    await page.click('[data-do="start"]');
    await page.waitForTimeout(7000);
    await page.reload();
    await page.click('[data-do="kept-send"]');
    await readyToSend(page);
    await send(page);
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms >= 5000, `${facts.duration_ms} ms`);
    await page.context().close();
  },

  'loses at most two seconds when the browser is killed while recording': async (_, world) => {
    const { first, second, close } = await killableBrowser(world);
    const page = await first();
    await signIn(page, world);
    const report = await firstOpenReport(page);
    await openCamera(page, report);
    await page.click('[data-do="start"]');
    await page.waitForTimeout(7000);
    const again = await second();
    await signInIfLost(again, world);
    await again.goto(`/drive/report/${report}`);
    await again.click('[data-do="kept-send"]');
    await readyToSend(again);
    await send(again);
    const { facts } = await videoOf(again, report);
    assert.ok(facts.duration_ms >= 5000, `${facts.duration_ms} ms`);
    await close();
  },

  'resumes the upload after a reload': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await firstOpenReport(page);
    const uploads = watchUploads(page);
    await choose(page, report, paddedVideo(world, 3 * PIECE));
    const network = await networkOf(page);
    await network.slow(2 * 2 ** 20);
    await page.click('[data-do="send"]');
    await acknowledged(page, PIECE);
    await page.reload();
    await network.back();
    await sent(page);
    checkResumed(uploads);
    await page.context().close();
  },

  'resumes the upload when the network is back': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await firstOpenReport(page);
    const uploads = watchUploads(page);
    await choose(page, report, paddedVideo(world, 3 * PIECE + 1));
    const network = await networkOf(page);
    await network.slow(2 * 2 ** 20);
    await page.click('[data-do="send"]');
    await acknowledged(page, PIECE);
    await network.away();
    await page.waitForSelector('[data-screen="sending"] [data-show="state"]:not([hidden])');
    await checkAccessibility(page, 'waiting');
    await network.back();
    await sent(page);
    checkResumed(uploads);
    await page.context().close();
  },

  'records without a network, and sends when it is back': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await firstOpenReport(page);
    await cached(page, report);
    const network = await networkOf(page);
    await network.away();
    await openCamera(page, report);
    await record(page, 4);
    await page.click('[data-do="send"]');
    await page.waitForSelector('[data-screen="sending"] [data-show="state"]:not([hidden])');
    await page.goto('/drive');
    await page.waitForSelector('#kept article');
    await checkAccessibility(page, 'kept');
    await network.back();
    await page.waitForFunction(() => document.querySelectorAll('#kept article').length === 0, null, { timeout: 60_000 });
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms >= 3000, `${facts.duration_ms} ms`);
    await page.context().close();
  },

  'refuses a file that is too large before the upload': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await firstOpenReport(page);
    const requests = [];
    page.on('request', (request) => requests.push(new URL(request.url()).pathname));
    const folder = mkdtempSync(join(tmpdir(), 'forte-'));
    const file = join(folder, 'large.mp4');
    writeFileSync(file, Buffer.from('000000186674797069736f6d0000020069736f6d69736f32', 'hex'));
    truncateSync(file, 64 * 2 ** 20 + 1);
    await page.goto(`/drive/report/${report}`);
    await page.setInputFiles('#file', file);
    await grantPosition(page);
    await page.waitForSelector('[data-screen="refused"]:not([hidden])');
    assert.match(await page.textContent('[data-screen="refused"]'), /64/);
    assert.deepEqual(requests.filter((path) => path.startsWith('/uploads')), []);
    await checkAccessibility(page, 'refused');
    rmSync(folder, { recursive: true });
    await page.context().close();
  },

  'shows that a code is wrong': async (browser, world) => {
    const page = await phone(browser, world);
    await toSignIn(page);
    await askForCode(page, world);
    await page.fill('#digits', '0000');
    await page.click('#code .dock button');
    await page.waitForSelector('#code-summary:not([hidden])');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'code-summary');
    await check(page, 'wrong code');
    await page.context().close();
  },

  'shows missing features over plain http': async (browser, world) => {
    const base = world.base.replace('127.0.0.1', 'forte.test');
    const page = await phone(browser, { base });
    await page.goto('/drive');
    await page.waitForURL(/sign-in/);
    await page.waitForSelector('[data-part="insecure"]:not([hidden])');
    await signIn(page, world);
    const report = await firstOpenReport(page);
    await page.goto(`/drive/report/${report}`);
    await page.waitForSelector('[data-do="choose"][aria-disabled="true"]');
    assert.equal(await page.isVisible('[data-do="film"]'), false);
    await check(page, 'plain http');
    await page.context().close();
  },
};

/** Waits until the service has acknowledged `bytes`. */
const acknowledged = (page, bytes) =>
  waitUntil(async () => (await recordings(page)).some((recording) => recording.acknowledged >= bytes));

/** Waits until the service worker has cached the page of a report. */
const cached = (page, refKey) => waitUntil(() => page.evaluate(async (path) => {
  const found = await caches.match(path, { cacheName: 'drive-pages' });
  return found !== undefined && navigator.serviceWorker.controller !== null;
}, `/drive/report/${refKey}`));

const mapped = ['--host-resolver-rules=MAP forte.test 127.0.0.1'];
await run(flows, { ...readWorld(), arguments_: [...FAKE_CAMERA, ...mapped] });
