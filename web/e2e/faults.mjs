// Fault injection for the driver's page: a lost or rotated camera, a slow network, a wrong clock, a full disk, a killed
// browser.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FAKE_CAMERA, PHONE_OPTIONS } from './driver.mjs';

const { chromium } = createRequire(`${process.env.FORTE_TEST_NODE_MODULES}/`)('playwright-core');

/** A camera that is lost after a delay, as if taken by a call or another app. */
export function withCamera(page, { endsAfter }) {
  return page.addInitScript((delay) => {
    const { start } = MediaRecorder.prototype;
    MediaRecorder.prototype.start = function startThenEnd(...values) {
      const [track] = this.stream.getVideoTracks();
      setTimeout(() => {
        track.stop();
        // A track stopped by its own page fires no event.
        track.dispatchEvent(new Event('ended'));
      }, delay);
      return start.apply(this, values);
    };
  }, endsAfter);
}

/**
 * The network of a page: `slow(bytes)` limits the upload per second, `away()` drops requests in flight and blocks new
 * ones, `back()` removes all limits.
 */
export async function networkOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const set = (conditions) =>
    session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1, ...conditions });
  return {
    slow: (bytes) => set({ latency: 20, uploadThroughput: bytes }),
    async away() {
      await set({ offline: true });
      // The requests of the service worker too.
      await page.context().setOffline(true);
    },
    async back() {
      await page.context().setOffline(false);
      await set({});
    },
  };
}

/** A browser whose `navigator.onLine` has a fixed value. */
export function withOnLine(page, isOnLine) {
  return page.addInitScript((value) => {
    Object.defineProperty(Navigator.prototype, 'onLine', { get: () => value });
  }, isOnLine);
}

/** A phone whose clock is wrong by `shift` milliseconds. */
export function withClock(page, shift) {
  return page.addInitScript((milliseconds) => {
    const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...values) {
        if (values.length > 0) super(...values);
        else super(Real.now() + milliseconds);
      }

      static now() {
        return Real.now() + milliseconds;
      }
    };
  }, shift);
}

/**
 * A camera whose picture is rotated by `turnPhone()` in the page. `only` limits the recording formats to a codec
 * family, such as `avc1`.
 */
export function withRotatingCamera(page, only) {
  return page.addInitScript((family) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [1280, 720];
    const drawing = canvas.getContext('2d');
    let frame = 0;
    setInterval(() => {
      drawing.fillStyle = `hsl(${frame++ % 360} 80% 50%)`;
      drawing.fillRect(0, 0, canvas.width, canvas.height);
      drawing.clearRect((frame * 7) % 600, 100, 80, 80);
    }, 33);
    const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async ({ audio }) => {
      const sound = audio ? (await getUserMedia({ audio })).getAudioTracks() : [];
      return new MediaStream([...canvas.captureStream(30).getVideoTracks(), ...sound]);
    };
    globalThis.turnPhone = () => { [canvas.width, canvas.height] = [720, 1280]; };
    const isSupported = MediaRecorder.isTypeSupported;
    MediaRecorder.isTypeSupported = (type) => isSupported(type) && (!family || type.includes(family));
  }, only);
}

/** Plays a video of the page to its end. Rejects on a decoding error; returns the picture sizes and the duration. */
export function playToEnd(page, selector) {
  return page.evaluate(async (name) => {
    const video = document.querySelector(name);
    const sizes = new Set();
    const recordSize = () => video.videoWidth && sizes.add(`${video.videoWidth}x${video.videoHeight}`);
    video.addEventListener('resize', recordSize);
    const ended = new Promise((resolve, reject) => {
      video.onended = resolve;
      video.onerror = () => reject(new Error(`${video.error.code} at ${video.currentTime} s: ${video.error.message}`));
    });
    video.muted = true;
    video.playbackRate = 2;
    await video.play();
    recordSize();
    await ended;
    return { sizes: [...sizes], seconds: video.currentTime };
  }, selector);
}

/** The storage quota of the page: `leave(bytes)` leaves that many bytes free, `leave(null)` removes the limit. */
export async function quotaOf(page) {
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  return {
    async leave(bytes) {
      const { usage } = await session.send('Storage.getUsageAndQuota', { origin });
      const more = bytes === null ? {} : { quotaSize: usage + bytes };
      await session.send('Storage.overrideQuotaForOrigin', { origin, ...more });
    },
  };
}

/** A browser that reports `bytes` of free storage. */
export function withFreeSpace(page, bytes) {
  return page.addInitScript((left) => {
    navigator.storage.estimate = async () => ({ quota: left, usage: 0 });
  }, bytes);
}

/** A video with `size` bytes of padding, filled with `mark`, so that each test has a different file. */
export function paddedVideo({ sample }, size, mark = 0) {
  const padding = Buffer.alloc(size, mark);
  padding.writeUInt32BE(size, 0);
  padding.write('free', 4);
  return { name: 'inspection.mp4', mimeType: 'video/mp4', buffer: Buffer.concat([readFileSync(sample), padding]) };
}

/** A browser with a persistent profile. `second()` kills it and starts another one with the same profile. */
export async function killableBrowser({ base }) {
  const profile = mkdtempSync(join(tmpdir(), 'forte-profile-'));
  let context = null;
  const launch = async () => {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.FORTE_TEST_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-dev-shm-usage', ...FAKE_CAMERA],
      baseURL: base,
      ...PHONE_OPTIONS,
    });
    return context.newPage();
  };
  return {
    first: launch,
    async second() {
      const session = await context.newCDPSession(context.pages()[0]);
      const closed = new Promise((resolve) => context.once('close', resolve));
      session.send('Browser.crash').catch(() => {});
      await closed;
      return launch();
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
