// The driver's page in a real browser with a fake camera: filming, choosing, sending over a bad network.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  agree, askForCode, choose, FAKE_CAMERA, goesOn, openCamera, openReport, phone, readyToSend, recordings, record,
  send, sent, signedIn, signIn, signInIfLost, toSignIn, videoOf, watchUploads,
} from './driver.mjs';
import { killed, large, networkOf, withCamera } from './trouble.mjs';
import { accessible, check, run, until, worldOf } from './harness.mjs';

const PIECE = 4 * 2 ** 20;

const flows = {
  'records twenty seconds, and they are accepted': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await openReport(page);
    await check(page, 'list');
    await openCamera(page, report);
    await record(page, 20);
    await accessible(page, 'check');
    await send(page);
    await check(page, 'sent');
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms >= 18_000 && facts.duration_ms <= 22_000, `${facts.duration_ms} ms`);
    await page.goto('/drive');
    assert.deepEqual((await recordings(page)).map(({ state }) => state), ['sent']);
    await page.context().close();
  },

  'saves what was filmed when the camera ends': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await openReport(page);
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

  'loses at most two seconds in a reload while recording': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await openReport(page);
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
    const { first, second, close } = await killed(world);
    const page = await first();
    await signIn(page, world);
    const report = await openReport(page);
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

  'goes on where it was after a reload while sending': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await openReport(page);
    const uploads = watchUploads(page);
    await choose(page, report, large(world, 3 * PIECE));
    const network = await networkOf(page);
    await network.slow(2 * 2 ** 20);
    await page.click('[data-do="send"]');
    await acknowledged(page, PIECE);
    await page.reload();
    await network.back();
    await sent(page);
    goesOn(uploads);
    await page.context().close();
  },

  'waits for the network, and goes on where it was': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await openReport(page);
    const uploads = watchUploads(page);
    await choose(page, report, large(world, 3 * PIECE + 1));
    const network = await networkOf(page);
    await network.slow(2 * 2 ** 20);
    await page.click('[data-do="send"]');
    await acknowledged(page, PIECE);
    await network.away();
    await page.waitForSelector('[data-screen="sending"] [data-show="state"]:not([hidden])');
    await accessible(page, 'waiting');
    await network.back();
    await sent(page);
    goesOn(uploads);
    await page.context().close();
  },

  'films without a network, and sends when there is one': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await openReport(page);
    await cached(page, report);
    const network = await networkOf(page);
    await network.away();
    await openCamera(page, report);
    await record(page, 4);
    await page.click('[data-do="send"]');
    await page.waitForSelector('[data-screen="sending"] [data-show="state"]:not([hidden])');
    await page.goto('/drive');
    await page.waitForSelector('#kept article');
    await accessible(page, 'kept');
    await network.back();
    await page.waitForFunction(() => document.querySelectorAll('#kept article').length === 0, null, { timeout: 60_000 });
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms >= 3000, `${facts.duration_ms} ms`);
    await page.context().close();
  },

  'refuses a file that is too large before a byte is sent': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await openReport(page);
    const asked = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const folder = mkdtempSync(join(tmpdir(), 'forte-'));
    const file = join(folder, 'large.mp4');
    writeFileSync(file, Buffer.from('000000186674797069736f6d0000020069736f6d69736f32', 'hex'));
    truncateSync(file, 64 * 2 ** 20 + 1);
    await page.goto(`/drive/report/${report}`);
    await page.setInputFiles('#file', file);
    await agree(page);
    await page.waitForSelector('[data-screen="refused"]:not([hidden])');
    assert.match(await page.textContent('[data-screen="refused"]'), /64/);
    assert.deepEqual(asked.filter((path) => path.startsWith('/uploads')), []);
    await accessible(page, 'refused');
    rmSync(folder, { recursive: true });
    await page.context().close();
  },

  'says that a code is wrong': async (browser, world) => {
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

  'says over plain http what is missing': async (browser, world) => {
    const base = world.base.replace('127.0.0.1', 'forte.test');
    const page = await phone(browser, { base });
    await page.goto('/drive');
    await page.waitForURL(/sign-in/);
    await page.waitForSelector('[data-part="insecure"]:not([hidden])');
    await signIn(page, world);
    const report = await openReport(page);
    await page.goto(`/drive/report/${report}`);
    await page.waitForSelector('[data-do="choose"][aria-disabled="true"]');
    assert.equal(await page.isVisible('[data-do="film"]'), false);
    await check(page, 'plain http');
    await page.context().close();
  },
};

/** Waits until the service has acknowledged so many bytes. */
const acknowledged = (page, bytes) =>
  until(async () => (await recordings(page)).some((recording) => recording.acknowledged >= bytes));

/** Waits until the phone keeps the page of a report. */
const cached = (page, refKey) => until(() => page.evaluate(async (path) => {
  const found = await caches.match(path, { cacheName: 'drive-pages' });
  return found !== undefined && navigator.serviceWorker.controller !== null;
}, `/drive/report/${refKey}`));

const mapped = ['--host-resolver-rules=MAP forte.test 127.0.0.1'];
await run(flows, { ...worldOf(), arguments_: [...FAKE_CAMERA, ...mapped] });
