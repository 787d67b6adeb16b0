// Trouble between a driver's phone and the service: a network that comes and goes, a page or a browser that ends, a
// session that has ended, a second tab, a service that cannot save. Everything arrives once and whole.

import assert from 'node:assert/strict';

import {
  choose, enterCode, FAKE_CAMERA, filesOf, goesOn, nothingKept, openCamera, openReport, openReports, piecesOf, readyToSend, record,
  recordings, returning, says, send, sent, sentence, sha256, signedIn, signIn, signInIfLost, videoOf, watchUploads,
} from './driver.mjs';
import { accessible, run, until, worldOf } from './harness.mjs';
import { killed, large, networkOf, quotaOf, withOnLine } from './trouble.mjs';
import { wireTo } from './wire.mjs';

const PIECE = 4 * 2 ** 20;
const MB = 2 ** 20;
/** Without the service worker, which keeps pages in the storage and answers for the network. */
const NO_SHELL = { serviceWorkers: 'block' };

const flows = {
  'sends though the browser says that there is no network': async (browser, world) => {
    const page = await returning(browser, world);
    const report = await openReport(page);
    const uploads = watchUploads(page);
    await withOnLine(page, false);
    await choose(page, report, large(world, PIECE + MB));
    await page.click('[data-do="send"]');
    await page.evaluate(() => dispatchEvent(new Event('offline')));
    await sent(page);
    goesOn(uploads);
    await page.context().close();
  },

  'waits though the browser says that there is a network': async (browser, world) => {
    const wire = await wireTo(world.base);
    const page = await returning(browser, world, { base: wire.base });
    const report = await openReport(page);
    const uploads = watchUploads(page);
    const file = large(world, 3 * PIECE + 1);
    await choose(page, report, file);
    const before = wire.sent;
    let isCut = wire.cutAfter(PIECE + MB);
    await page.click('[data-do="send"]');
    for (let cuts = 0; cuts < 2; cuts++) {
      await isCut;
      await says(page, 'state', 'drive.waiting');
      assert.equal(await page.evaluate(() => navigator.onLine), true);
      await page.evaluate(() => dispatchEvent(new Event('online')));
      await says(page, 'state', 'drive.waiting');
      isCut = wire.cutAfter(PIECE / 2);
      wire.join();
    }
    await isCut;
    wire.join();
    await sent(page);
    goesOn(uploads);
    const most = file.buffer.length + 3 * PIECE + MB / 4;
    assert.ok(wire.sent - before <= most, `${wire.sent - before} of at most ${most} bytes`);
    assert.equal((await videoOf(page, report)).sha256, sha256(file));
    await page.context().close();
    wire.close();
  },

  'sends two videos of one size to their own reports': async (browser, world) => {
    const wire = await wireTo(world.base);
    const page = await returning(browser, world, { base: wire.base });
    const [one, other] = await openReports(page, 2);
    const [first, second] = [large(world, PIECE, 1), large(world, PIECE, 2)];
    assert.equal(first.buffer.length, second.buffer.length);
    const uploads = watchUploads(page);
    await choose(page, one, first);
    const isCut = wire.cutAfter(PIECE / 2);
    await page.click('[data-do="send"]');
    await isCut;
    await says(page, 'state', 'drive.waiting');
    wire.join();
    await choose(page, other, second);
    await send(page);
    await page.goto('/drive');
    await nothingKept(page);
    assert.deepEqual(uploads.created, [201, 201]);
    for (const [report, file] of [[one, first], [other, second]]) {
      assert.equal((await videoOf(page, report)).sha256, sha256(file));
    }
    await page.context().close();
    wire.close();
  },

  'films and sends while the network comes and goes': async (browser, world) => {
    const wire = await wireTo(world.base);
    const page = await returning(browser, world, { base: wire.base });
    const report = await openReport(page);
    const uploads = watchUploads(page);
    await openCamera(page, report);
    await page.click('[data-do="start"]');
    await piecesOf(page, 1);
    wire.cut();
    await piecesOf(page, 3);
    wire.join();
    await piecesOf(page, 4);
    await page.click('[data-do="stop"]');
    await readyToSend(page);
    const isCut = wire.cutAfter(100_000);
    const before = wire.sent;
    await page.click('[data-do="send"]');
    await isCut;
    await says(page, 'state', 'drive.waiting');
    wire.join();
    await sent(page);
    goesOn(uploads);
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms >= 3000, `${facts.duration_ms} ms`);
    assert.ok(wire.sent - before < 2 * facts.length + MB / 4);
    await page.context().close();
    wire.close();
  },

  'stores one video when the page is reloaded at any moment of the upload': async (browser, world) => {
    const wire = await wireTo(world.base);
    const page = await returning(browser, world, { base: wire.base });
    const report = await openReport(page);
    const file = large(world, 2 * PIECE + MB);
    await choose(page, report, file);
    const created = wire.loseAnswer(/^POST \/uploads HTTP/);
    await page.click('[data-do="send"]');
    await created;
    const half = wire.loseAnswer(/^PATCH [^]*upload-offset: 0\r/i);
    await page.reload();
    await half;
    const last = wire.loseAnswer(new RegExp(`^PATCH [^]*upload-offset: ${2 * PIECE}\\r`, 'i'));
    await page.reload();
    await last;
    await page.reload();
    assert.match(await page.textContent('main'), new RegExp(await sentence(page, 'drive.link_done')));
    await page.goto('/drive');
    await nothingKept(page);
    assert.deepEqual((await recordings(page)).map(({ state }) => state), ['sent']);
    await until(async () => (await filesOf(page)).length === 0, 'the copy is removed');
    assert.equal((await videoOf(page, report)).sha256, sha256(file));
    await page.context().close();
    wire.close();
  },

  'sends what waited, after the session has ended': async (browser, world) => {
    const page = await signedIn(browser, world);
    const report = await openReport(page);
    await openCamera(page, report);
    await record(page, 3);
    const csrf = await page.evaluate(() => JSON.parse(document.getElementById('page-data').textContent).csrf);
    const ended = await page.request.post('/drive/session/end', { form: { csrf }, headers: { Origin: world.base } });
    assert.ok(ended.ok(), `${ended.status()}`);
    await page.click('[data-do="send"]');
    await says(page, 'failed', 'drive.signed_out');
    await accessible(page, 'signed out');
    assert.equal((await filesOf(page)).length, 1);
    await page.click('[data-part="sign-in"]');
    await page.waitForURL(/\/drive\/sign-in/);
    await enterCode(page, world, `/drive/report/${report}`);
    await sent(page);
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms >= 2000, `${facts.duration_ms} ms`);
    await page.context().close();
  },

  'goes on where it was when the browser is killed while sending': async (_, world) => {
    const { first, second, close } = await killed(world);
    const page = await first();
    await signIn(page, world);
    const report = await openReport(page);
    const file = large(world, 3 * PIECE);
    await choose(page, report, file);
    await (await networkOf(page)).slow(2 * MB);
    await page.click('[data-do="send"]');
    await until(async () => (await recordings(page)).some(({ acknowledged }) => acknowledged >= PIECE));
    const again = await second();
    const uploads = watchUploads(again);
    await signInIfLost(again, world);
    await nothingKept(again);
    assert.deepEqual(uploads.created, []);
    assert.ok(uploads.offsets[0].offset >= PIECE, JSON.stringify(uploads.offsets));
    assert.equal((await videoOf(again, report)).sha256, sha256(file));
    await close();
  },

  'asks for the same video after a reload when it has no copy': async (browser, world) => {
    const wire = await wireTo(world.base);
    const page = await returning(browser, world, { base: wire.base, ...NO_SHELL });
    const report = await openReport(page);
    const uploads = watchUploads(page);
    await (await quotaOf(page)).leave(2 * MB);
    const file = large(world, 3 * PIECE, 3);
    await choose(page, report, file);
    const isCut = wire.cutAfter(PIECE + MB);
    await page.click('[data-do="send"]');
    await isCut;
    await says(page, 'state', 'drive.waiting');
    wire.join();
    await page.reload();
    const [{ acknowledged, size }] = await recordings(page);
    assert.ok(acknowledged >= PIECE, `${acknowledged} bytes`);
    await says(page, 'same', 'drive.pick_same', { p: Math.floor((acknowledged / size) * 100) });
    await accessible(page, 'the same video');
    await page.setInputFiles('#file', file);
    await sent(page);
    goesOn(uploads);
    assert.equal((await videoOf(page, report)).sha256, sha256(file));
    await page.context().close();
    wire.close();
  },

  'sends a video in one of two tabs': async (browser, world) => {
    const page = await returning(browser, world);
    const report = await openReport(page);
    const uploads = watchUploads(page);
    await choose(page, report, large(world, 2 * PIECE, 4));
    const network = await networkOf(page);
    await network.slow(MB);
    await page.click('[data-do="send"]');
    await until(() => uploads.created.length === 1);
    const other = await page.context().newPage();
    await other.goto(`/drive/report/${report}`);
    await says(other, 'failed', 'drive.other_tab');
    await accessible(other, 'other tab');
    await network.back();
    await sent(page);
    await other.click('[data-do="retry"]');
    await sent(other);
    goesOn(uploads);
    await page.context().close();
  },

  'waits while the service cannot save': async (browser, world) => {
    const page = await returning(browser, world, NO_SHELL);
    const report = await openReport(page);
    const uploads = watchUploads(page);
    const file = large(world, PIECE + MB, 5);
    await choose(page, report, file);
    let refused = 0;
    await page.route('**/uploads/*', (route) => {
      if (route.request().method() !== 'PATCH' || refused === 2) return route.fallback();
      refused++;
      return route.fulfill({ status: 503, headers: { 'Retry-After': '4' } });
    });
    await page.click('[data-do="send"]');
    const [before, after] = (await sentence(page, 'drive.store_away')).split('{n}');
    await page.waitForFunction((texts) => texts.every((text) => document.querySelector('[data-screen="sending"] [data-show="state"]').textContent.includes(text)), [before, after]);
    await accessible(page, 'service away');
    await sent(page);
    assert.equal(refused, 2);
    assert.equal(uploads.created.length, 1);
    assert.equal((await videoOf(page, report)).sha256, sha256(file));
    await page.context().close();
  },
};

await run(flows, { ...worldOf(), arguments_: FAKE_CAMERA });
