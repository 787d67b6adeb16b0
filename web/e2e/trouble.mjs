// Trouble for the driver's page: a camera that ends or turns, a slow network, a wrong clock, a full storage, a
// killed browser.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FAKE_CAMERA, PHONE_OPTIONS } from './driver.mjs';

const { chromium } = createRequire(`${process.env.FORTE_TEST_NODE_MODULES}/`)('playwright-core');

/** A camera that is lost so long after its recording began, as a call or another app takes it. */
export function withCamera(page, { endsAfter }) {
  return page.addInitScript((delay) => {
    const { start } = MediaRecorder.prototype;
    MediaRecorder.prototype.start = function begin(...values) {
      const [track] = this.stream.getVideoTracks();
      setTimeout(() => {
        track.stop();
        // A track that its own page stops says nothing.
        track.dispatchEvent(new Event('ended'));
      }, delay);
      return start.apply(this, values);
    };
  }, endsAfter);
}

/**
 * The network of a page: `slow(bytes)` sends so many a second, `away()` drops what is on its way and lets nothing
 * through, `back()` is fast again.
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

/** A browser that says always that it is online, or never. */
export function withOnLine(page, isOnLine) {
  return page.addInitScript((value) => {
    Object.defineProperty(Navigator.prototype, 'onLine', { get: () => value });
  }, isOnLine);
}

/** A phone whose clock is wrong by so many milliseconds. */
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
 * A camera whose picture `turnPhone()` of the page turns. `only` is the one format that the browser records, as
 * `avc1`.
 */
export function withTurn(page, only) {
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
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async ({ audio }) => {
      const sound = audio ? (await ask({ audio })).getAudioTracks() : [];
      return new MediaStream([...canvas.captureStream(30).getVideoTracks(), ...sound]);
    };
    globalThis.turnPhone = () => { [canvas.width, canvas.height] = [720, 1280]; };
    const isSupported = MediaRecorder.isTypeSupported;
    MediaRecorder.isTypeSupported = (type) => isSupported(type) && (!family || type.includes(family));
  }, only);
}

/** Plays a video of the page to its end, fast. Rejects if it stops before; says what sizes its pictures have. */
export function playToEnd(page, selector) {
  return page.evaluate(async (name) => {
    const video = document.querySelector(name);
    const sizes = new Set();
    const note = () => video.videoWidth && sizes.add(`${video.videoWidth}x${video.videoHeight}`);
    video.addEventListener('resize', note);
    const ended = new Promise((resolve, reject) => {
      video.onended = resolve;
      video.onerror = () => reject(new Error(`${video.error.code} at ${video.currentTime} s: ${video.error.message}`));
    });
    video.muted = true;
    video.playbackRate = 2;
    await video.play();
    note();
    await ended;
    return { sizes: [...sizes], seconds: video.currentTime };
  }, selector);
}

/** The room of the page's storage: `leave(bytes)` leaves so much more than what is in use, `leave(null)` plenty. */
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

/** A browser that says that so much room is left. */
export function withRoom(page, bytes) {
  return page.addInitScript((left) => {
    navigator.storage.estimate = async () => ({ quota: left, usage: 0 });
  }, bytes);
}

/** A video with so many bytes of padding, which no two tests share; those with another `mark` differ. */
export function large({ sample }, size, mark = 0) {
  const padding = Buffer.alloc(size, mark);
  padding.writeUInt32BE(size, 0);
  padding.write('free', 4);
  return { name: 'inspection.mp4', mimeType: 'video/mp4', buffer: Buffer.concat([readFileSync(sample), padding]) };
}

/** A browser with a profile on the disk: `second()` kills it and starts another one on the same profile. */
export async function killed({ base }) {
  const profile = mkdtempSync(join(tmpdir(), 'forte-profile-'));
  let context = null;
  const begin = async () => {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.FORTE_TEST_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-dev-shm-usage', ...FAKE_CAMERA],
      baseURL: base,
      ...PHONE_OPTIONS,
    });
    return context.newPage();
  };
  return {
    first: begin,
    async second() {
      const session = await context.newCDPSession(context.pages()[0]);
      const closed = new Promise((resolve) => context.once('close', resolve));
      session.send('Browser.crash').catch(() => {});
      await closed;
      return begin();
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
