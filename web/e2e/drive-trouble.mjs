// Trouble with a driver's phone, each kind alone: what is denied, full, wrong or turned. A sentence says what to do,
// nothing is lost, and there is a way on.

import assert from 'node:assert/strict';

import {
  agree, choose, filesOf, openCamera, openReport, PERMISSIONS, phone, piecesOf, readyToSend, record, recordings, returning,
  says, send, sent, sentence, sha256, videoOf,
} from './driver.mjs';
import { accessible, run, worldOf } from './harness.mjs';
import { large, playToEnd, quotaOf, withClock, withRoom, withTurn } from './trouble.mjs';

const MB = 2 ** 20;
const DAY = 86_400_000;
/** Without the service worker, which fills the storage with pages and files at its own pace. */
const NO_SHELL = { serviceWorkers: 'block' };
/** Room for some seconds of the fake camera. */
const ROOM = 400_000;

const flows = {
  'offers a file, or the camera again, when the camera is denied': async (browser, world) => {
    const page = await returning(browser, world, { denied: ['camera'] });
    const report = await openReport(page);
    await page.goto(`/drive/report/${report}`);
    await page.click('[data-screen="show"] [data-do="film"]');
    await agree(page);
    await page.waitForSelector('.camera[data-phase="denied"]');
    await says(page, 'denied', 'drive.cam_denied');
    await accessible(page, 'camera denied');
    await page.context().grantPermissions(PERMISSIONS);
    await page.click('[data-do="retry-camera"]');
    await page.waitForSelector('.camera[data-phase="ready"]');
    await page.context().clearPermissions();
    await page.reload();
    await page.context().grantPermissions(['geolocation']);
    await page.click('[data-screen="show"] [data-do="film"]');
    await agree(page);
    await page.waitForSelector('.camera[data-phase="denied"]');
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click('[data-screen="camera"] [data-do="choose"]')]);
    await chooser.setFiles(large(world, 100_001));
    await readyToSend(page);
    await send(page);
    await page.context().close();
  },

  'films without sound when the microphone is denied': async (browser, world) => {
    const page = await returning(browser, world, { denied: ['microphone'] });
    const report = await openReport(page);
    await openCamera(page, report);
    await says(page, 'sound', 'drive.no_sound');
    await record(page, 3);
    await send(page);
    const { facts } = await videoOf(page, report);
    assert.equal(facts.audio_codec, null);
    assert.ok(facts.duration_ms >= 2000, `${facts.duration_ms} ms`);
    await page.context().close();
  },

  'keeps what was filmed until the position is allowed': async (browser, world) => {
    const page = await returning(browser, world, { denied: ['geolocation'] });
    const report = await openReport(page);
    await page.goto(`/drive/report/${report}`);
    await page.click('[data-screen="show"] [data-do="film"]');
    await page.click('[data-do="place-yes"]');
    await says(page, 'place-problem', 'drive.place_denied');
    await accessible(page, 'position denied');
    await page.click('[data-do="place-without"]');
    await page.waitForSelector('.camera[data-phase="ready"]');
    await record(page, 3);
    await page.click('[data-do="send"]');
    await page.click('[data-do="place-yes"]');
    await says(page, 'place-problem', 'drive.place_denied');
    await page.click('[data-do="place-back"]');
    await page.waitForSelector('[data-do="kept-send"]');
    await page.reload();
    await page.context().grantPermissions(PERMISSIONS);
    await page.click('[data-do="kept-send"]');
    await readyToSend(page);
    await page.click('[data-do="send"]');
    await page.click('[data-do="place-yes"]');
    await sent(page);
    const { lat, facts } = await videoOf(page, report);
    assert.ok(Math.abs(lat - 43.238949) < 0.0001, `${lat}`);
    assert.ok(facts.duration_ms >= 2000, `${facts.duration_ms} ms`);
    await page.context().close();
  },

  'sends a file without a copy when the storage is full': async (browser, world) => {
    const page = await returning(browser, world, NO_SHELL);
    const report = await openReport(page);
    await page.goto(`/drive/report/${report}`);
    // Chromium promises ten gigabytes of room, whatever there is.
    const quota = await quotaOf(page);
    await quota.leave(2 * MB);
    const file = large(world, 5 * MB);
    await choose(page, report, file);
    await send(page);
    assert.equal((await videoOf(page, report)).sha256, sha256(file));
    assert.deepEqual(await filesOf(page), []);
    await page.context().close();
  },

  'stops and keeps what was filmed when the storage is full': async (browser, world) => {
    const page = await returning(browser, world, NO_SHELL);
    const report = await openReport(page);
    await openCamera(page, report);
    const quota = await quotaOf(page);
    await quota.leave(ROOM);
    await page.click('[data-do="start"]');
    await readyToSend(page);
    await says(page, 'check-notice', 'drive.rec_quota', { size: '16\u00a0МБ' });
    await send(page);
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms >= 900, `${facts.duration_ms} ms`);
    assert.ok(facts.length <= ROOM, `${facts.length} bytes`);
    await page.context().close();
  },

  'says how much room is missing, before filming and after': async (browser, world) => {
    const page = await returning(browser, world, NO_SHELL);
    const report = await openReport(page);
    await openCamera(page, report);
    const quota = await quotaOf(page);
    await quota.leave(10_000);
    await page.click('[data-do="start"]');
    await says(page, 'room', 'drive.quota', { size: '16\u00a0МБ' });
    assert.deepEqual(await filesOf(page), []);
    assert.deepEqual(await recordings(page), []);
    await withRoom(page, 7 * MB);
    await page.reload();
    await page.click('[data-screen="show"] [data-do="film"]');
    await says(page, 'room', 'drive.quota', { size: '10,1\u00a0МБ' });
    await accessible(page, 'no room');
    await page.context().close();
  },

  'corrects the times of a phone whose clock is wrong by a day': async (browser, world) => {
    for (const shift of [DAY, -DAY]) {
      const page = await returning(browser, world);
      const report = await openReport(page);
      await withClock(page, shift);
      await openCamera(page, report);
      const start = Date.now();
      await record(page, 3);
      assert.match(await page.textContent('[data-line="clock"]:not([hidden])'), /2[34]/);
      await send(page);
      times(await videoOf(page, report), start);
      await page.context().close();
    }
  },

  'believes the clock of a phone that was corrected meanwhile': async (browser, world) => {
    const page = await returning(browser, world);
    const report = await openReport(page);
    // What an earlier page has measured, before the driver has done what it said.
    await page.evaluate((day) => localStorage.setItem('drive.clock', String(-day)), DAY);
    await openCamera(page, report);
    const start = Date.now();
    await record(page, 3);
    assert.equal(await page.isVisible('[data-line="clock"]'), false);
    await send(page);
    times(await videoOf(page, report), start);
    await page.context().close();
  },

  'plays to its end what was filmed while the phone was turned': async (browser, world) => {
    for (const only of [null, 'avc1']) {
      const page = await returning(browser, world);
      const report = await openReport(page);
      await withTurn(page, only);
      await openCamera(page, report);
      await page.click('[data-do="start"]');
      await piecesOf(page, 2);
      await page.evaluate('turnPhone()');
      if (only) {
        await readyToSend(page);
        await says(page, 'check-notice', 'drive.rec_cut');
      } else {
        await piecesOf(page, 5);
        await page.click('[data-do="stop"]');
        await readyToSend(page);
      }
      const played = await playToEnd(page, '[data-screen="check"] video');
      assert.equal(played.sizes.length, only ? 1 : 2, `${played.sizes}`);
      assert.ok(played.seconds >= (only ? 1 : 3), `${played.seconds} s`);
      await send(page);
      const { facts } = await videoOf(page, report);
      assert.ok(Math.abs(facts.duration_ms - played.seconds * 1000) < 500, `${facts.duration_ms} ms`);
      await page.context().close();
    }
  },

  'leads from the browser of another app to a real one': async (browser, world) => {
    for (const userAgent of IN_APP) {
      const page = await phone(browser, world, { userAgent, permissions: ['clipboard-read', 'clipboard-write'] });
      await page.goto('/drive/sign-in');
      await says(page, 'in-app', 'drive.in_app');
      await page.click('[data-do="copy-address"]');
      await page.waitForFunction((text) => document.querySelector('[data-do="copy-address"]').textContent === text, await sentence(page, 'drive.copied'));
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
      await accessible(page, userAgent);
      await page.context().close();
    }
    const page = await phone(browser, world);
    await page.goto('/drive/sign-in');
    assert.equal(await page.isVisible('[data-part="in-app"]'), false);
    await page.context().close();
  },
};

const ANDROID = 'Mozilla/5.0 (Linux; Android 14; SM-A155F Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36';
const IN_APP = [
  `${ANDROID} Instagram 401.0.0.48.79 Android (34/14; 420dpi; 1080x2340; samsung; SM-A155F; a15; mt6789; ru_RU)`,
  `${ANDROID} Telegram-Android/12.0.1 (Samsung SM-A155F; Android 14; SDK 34; AVERAGE)`,
  ANDROID,
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 WhatsApp/25.20',
];

/** The times that were sent are those of the service, whatever the phone says. */
function times({ time_sent: timeSent, recorded_at: recordedAt, received_at: receivedAt }, start) {
  const apart = (one, other) => Math.abs(Date.parse(one) - other);
  assert.ok(apart(timeSent, Date.parse(receivedAt)) < 10_000, `sent ${timeSent}, received ${receivedAt}`);
  assert.ok(apart(recordedAt, start) < 5000, `recorded ${recordedAt}, at ${new Date(start).toISOString()}`);
}

// Without the switch that agrees to everything: what a flow does not allow is denied.
await run(flows, { ...worldOf(), arguments_: ['--use-fake-device-for-media-stream'] });
