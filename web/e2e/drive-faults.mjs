// Faults of a driver's phone: denied permissions, a full disk, a wrong clock, rotation. The page says what to do,
// loses no recording, and offers a way to continue.

import assert from 'node:assert/strict';

import {
  choose, filesOf, firstOpenReport, grantPosition, openCamera, PERMISSIONS, phone, readyToSend, record,
  recordings, send, sent, sha256, textOf, videoOf, waitForRecorded, waitForText, withSession,
} from './driver.mjs';
import { checkAccessibility, readWorld, run } from './harness.mjs';
import { paddedVideo, playToEnd, quotaOf, withClock, withFreeSpace, withRotatingCamera } from './faults.mjs';

const MB = 2 ** 20;
const DAY = 86_400_000;
/** The service worker would use storage for pages and files. */
const NO_SERVICE_WORKER = { serviceWorkers: 'block' };
/** Enough bytes for some seconds of the fake camera. */
const ROOM = 400_000;

const flows = {
  'offers a file or another attempt when the camera is denied': async (browser, world) => {
    const page = await withSession(browser, world, { denied: ['camera'] });
    const report = await firstOpenReport(page);
    await page.goto(`/drive/report/${report}`);
    await page.click('[data-screen="show"] [data-do="film"]');
    await grantPosition(page);
    await page.waitForSelector('.camera[data-phase="denied"]');
    await waitForText(page, 'denied', 'drive.cam_denied');
    await checkAccessibility(page, 'camera denied');
    await page.context().grantPermissions(PERMISSIONS);
    await page.click('[data-do="retry-camera"]');
    await page.waitForSelector('.camera[data-phase="ready"]');
    await page.context().clearPermissions();
    await page.reload();
    await page.context().grantPermissions(['geolocation']);
    await page.click('[data-screen="show"] [data-do="film"]');
    await grantPosition(page);
    await page.waitForSelector('.camera[data-phase="denied"]');
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click('[data-screen="camera"] [data-do="choose"]')]);
    await chooser.setFiles(paddedVideo(world, 100_001));
    await readyToSend(page);
    await send(page);
    await page.context().close();
  },

  'records without sound when the microphone is denied': async (browser, world) => {
    const page = await withSession(browser, world, { denied: ['microphone'] });
    const report = await firstOpenReport(page);
    await openCamera(page, report);
    await waitForText(page, 'sound', 'drive.no_sound');
    await record(page, 3);
    await send(page);
    const { facts } = await videoOf(page, report);
    assert.equal(facts.audio_codec, null);
    assert.ok(facts.duration_ms >= 2000, `${facts.duration_ms} ms`);
    await page.context().close();
  },

  'keeps the recording until the position is granted': async (browser, world) => {
    const page = await withSession(browser, world, { denied: ['geolocation'] });
    const report = await firstOpenReport(page);
    await page.goto(`/drive/report/${report}`);
    await page.click('[data-screen="show"] [data-do="film"]');
    await page.click('[data-do="place-yes"]');
    await waitForText(page, 'place-problem', 'drive.place_denied');
    await checkAccessibility(page, 'position denied');
    await page.click('[data-do="place-without"]');
    await page.waitForSelector('.camera[data-phase="ready"]');
    await record(page, 3);
    await page.click('[data-do="send"]');
    await page.click('[data-do="place-yes"]');
    await waitForText(page, 'place-problem', 'drive.place_denied');
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
    const page = await withSession(browser, world, NO_SERVICE_WORKER);
    const report = await firstOpenReport(page);
    await page.goto(`/drive/report/${report}`);
    // Chromium's estimate is ten gigabytes, whatever the quota.
    const quota = await quotaOf(page);
    await quota.leave(2 * MB);
    const file = paddedVideo(world, 5 * MB);
    await choose(page, report, file);
    await send(page);
    assert.equal((await videoOf(page, report)).sha256, sha256(file));
    assert.deepEqual(await filesOf(page), []);
    await page.context().close();
  },

  'stops and keeps the recording when the storage is full': async (browser, world) => {
    const page = await withSession(browser, world, NO_SERVICE_WORKER);
    const report = await firstOpenReport(page);
    await openCamera(page, report);
    const quota = await quotaOf(page);
    await quota.leave(ROOM);
    await page.click('[data-do="start"]');
    await readyToSend(page);
    await waitForText(page, 'check-notice', 'drive.rec_quota', { size: '16\u00a0МБ' });
    await send(page);
    const { facts } = await videoOf(page, report);
    assert.ok(facts.duration_ms >= 900, `${facts.duration_ms} ms`);
    assert.ok(facts.length <= ROOM, `${facts.length} bytes`);
    await page.context().close();
  },

  'shows the missing storage before and after recording': async (browser, world) => {
    const page = await withSession(browser, world, NO_SERVICE_WORKER);
    const report = await firstOpenReport(page);
    await openCamera(page, report);
    const quota = await quotaOf(page);
    await quota.leave(10_000);
    await page.click('[data-do="start"]');
    await waitForText(page, 'room', 'drive.quota', { size: '16\u00a0МБ' });
    assert.deepEqual(await filesOf(page), []);
    assert.deepEqual(await recordings(page), []);
    await withFreeSpace(page, 7 * MB);
    await page.reload();
    await page.click('[data-screen="show"] [data-do="film"]');
    await waitForText(page, 'room', 'drive.quota', { size: '10,1\u00a0МБ' });
    await checkAccessibility(page, 'no room');
    await page.context().close();
  },

  'corrects the times of a phone whose clock is wrong by a day': async (browser, world) => {
    for (const shift of [DAY, -DAY]) {
      const page = await withSession(browser, world);
      const report = await firstOpenReport(page);
      await withClock(page, shift);
      await openCamera(page, report);
      const start = Date.now();
      await record(page, 3);
      assert.match(await page.textContent('[data-line="clock"]:not([hidden])'), /2[34]/);
      await send(page);
      checkTimes(await videoOf(page, report), start);
      await page.context().close();
    }
  },

  'uses the clock of a phone that was corrected meanwhile': async (browser, world) => {
    const page = await withSession(browser, world);
    const report = await firstOpenReport(page);
    // The offset measured by an earlier page, before the driver corrected the clock.
    await page.evaluate((day) => localStorage.setItem('drive.clock', String(-day)), DAY);
    await openCamera(page, report);
    const start = Date.now();
    await record(page, 3);
    assert.equal(await page.isVisible('[data-line="clock"]'), false);
    await send(page);
    checkTimes(await videoOf(page, report), start);
    await page.context().close();
  },

  'a recording with a rotation of the phone can be played to its end': async (browser, world) => {
    for (const only of [null, 'avc1']) {
      const page = await withSession(browser, world);
      const report = await firstOpenReport(page);
      await withRotatingCamera(page, only);
      await openCamera(page, report);
      await page.click('[data-do="start"]');
      await waitForRecorded(page, 2);
      await page.evaluate('turnPhone()');
      if (only) {
        await readyToSend(page);
        await waitForText(page, 'check-notice', 'drive.rec_cut');
      } else {
        await waitForRecorded(page, 5);
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

  'recommends a real browser inside the browser of an app': async (browser, world) => {
    for (const userAgent of IN_APP) {
      const page = await phone(browser, world, { userAgent, permissions: ['clipboard-read', 'clipboard-write'] });
      await page.goto('/drive/sign-in');
      await waitForText(page, 'in-app', 'drive.in_app');
      await page.click('[data-do="copy-address"]');
      await page.waitForFunction((text) => document.querySelector('[data-do="copy-address"]').textContent === text, await textOf(page, 'drive.copied'));
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
      await checkAccessibility(page, userAgent);
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

/** Asserts that the sent times are in the server's time, whatever the clock of the phone. */
function checkTimes({ time_sent: timeSent, recorded_at: recordedAt, received_at: receivedAt }, start) {
  const apart = (one, other) => Math.abs(Date.parse(one) - other);
  assert.ok(apart(timeSent, Date.parse(receivedAt)) < 10_000, `sent ${timeSent}, received ${receivedAt}`);
  assert.ok(apart(recordedAt, start) < 5000, `recorded ${recordedAt}, at ${new Date(start).toISOString()}`);
}

// Without the switch that grants all permissions: a permission that a flow does not grant is denied.
await run(flows, { ...readWorld(), arguments_: ['--use-fake-device-for-media-stream'] });
