// Helpers for tests of the driver's page: a phone with a camera, sign-in, recording, uploads.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { open, PHONE, waitUntil } from './harness.mjs';

/** Fake camera and microphone, with permission granted. */
export const FAKE_CAMERA = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** The permissions that the driver's page requests. */
export const PERMISSIONS = ['camera', 'microphone', 'geolocation'];
const PLACE = { latitude: 43.238949, longitude: 76.889709, accuracy: 12 };

export const PHONE_OPTIONS = { viewport: PHONE, hasTouch: true, isMobile: true, permissions: PERMISSIONS, geolocation: PLACE };

/** The phone of a driver who has not signed in. */
export function phone(browser, { base }, options = {}) {
  return open(browser, base, { ...PHONE_OPTIONS, ...options });
}

/** The phone of a driver who has signed in. */
export async function signedIn(browser, world, options = {}) {
  const page = await phone(browser, world, options);
  await signIn(page, world);
  return page;
}

/** Opens the driver's page, which leads a phone without a session to the sign-in. */
export async function toSignIn(page) {
  await page.goto('/drive');
  await page.waitForURL(/\/drive\/sign-in/);
}

/** Fills in the sign-in form and requests a code by mail. */
export async function askForCode(page, world) {
  await page.fill('#biin', world.biin);
  await page.fill('#name', world.name);
  await page.fill('#mobile', world.mobile);
  await page.click('#who .dock button');
  await page.waitForSelector('#digits');
}

/** Signs in by BIN, name, phone and the mailed code. */
export async function signIn(page, world) {
  await toSignIn(page);
  await enterCode(page, world, '/drive');
}

/** Signs in if a killed browser has lost its cookies: Chromium writes them with a delay of half a minute. */
export async function signInIfLost(page, world) {
  await page.goto('/drive');
  if (new URL(page.url()).pathname !== '/drive') await signIn(page, world);
}

/** Signs in on the sign-in page, which then returns to `back`. */
export async function enterCode(page, world, back) {
  const before = mails(world.mail);
  await askForCode(page, world);
  await page.fill('#digits', await waitForCode(world.mail, before));
  await Promise.all([page.waitForURL(({ pathname }) => pathname === back), page.click('#code .dock button')]);
}

const mails = (folder) => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.eml')) : []);

/** Waits for a new mail and returns its code. */
async function waitForCode(folder, before) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const newMails = mails(folder).filter((name) => !before.includes(name));
    newMails.sort((one, other) => statSync(join(folder, other)).mtimeMs - statSync(join(folder, one)).mtimeMs);
    for (const name of newMails) {
      const code = parseCode(readFileSync(join(folder, name), 'utf8'));
      if (code) return code;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no mail with a code was received');
}

function parseCode(mail) {
  const parts = mail.replaceAll('\r', '').split(/base64\n(?:.+\n)*\n/);
  const texts = parts.slice(1).map((part) => Buffer.from(part.split('\n--')[0], 'base64').toString());
  return texts.join('\n').match(/^\s*(\d{4,8})\s*$/m)?.[1] ?? null;
}

/**
 * The phone of a driver who is already signed in; all flows share one session. `denied` lists denied permissions;
 * `options` are those of the browser.
 */
export async function withSession(browser, world, { denied = [], base = world.base, ...options } = {}) {
  world.cookies ??= await cookiesOf(browser, world);
  const permissions = PERMISSIONS.filter((name) => !denied.includes(name));
  const storageState = { cookies: world.cookies, origins: [] };
  const page = await phone(browser, { base }, { storageState, permissions, ...options });
  await page.goto('/drive');
  return page;
}

async function cookiesOf(browser, world) {
  const page = await signedIn(browser, world);
  const { cookies } = await page.context().storageState();
  await page.context().close();
  return cookies;
}

/** A text of the page by its key. */
export const textOf = (page, key) => page.evaluate((name) => JSON.parse(document.getElementById('page-data').textContent).texts[name], key);

/** The reference key of the first report in the list without a video. */
export async function firstOpenReport(page) {
  const address = await page.getAttribute('a[href^="/drive/report/"]', 'href');
  return address.split('/').at(-1);
}

/** Opens the page of a report and its camera. */
export async function openCamera(page, refKey) {
  await page.goto(`/drive/report/${refKey}`);
  await startCamera(page);
}

/** Opens the camera on the page of a report, and grants the position. */
export async function startCamera(page) {
  await page.click('[data-screen="show"] [data-do="film"]');
  await grantPosition(page);
  await page.waitForSelector('.camera[data-phase="ready"]');
}

/** Grants the position, if the page asks for it. */
export async function grantPosition(page) {
  await page.waitForFunction(() => ['place', 'camera', 'check', 'copying', 'refused'].includes(document.body.dataset.shown));
  // The screen is also shown while the position is being determined. A stored consent is not asked for again.
  const asks = await page.evaluate(() => document.body.dataset.shown === 'place' && localStorage.getItem('drive.place') === null);
  if (asks) await page.click('[data-do="place-yes"]');
}

/** Records for a number of seconds. */
export async function record(page, seconds) {
  await page.click('[data-do="start"]');
  await page.waitForSelector('.camera[data-phase="recording"]');
  await page.waitForTimeout(seconds * 1000);
  await page.click('[data-do="stop"]');
  await readyToSend(page);
}

/** Picks a file and asserts that the check passes. */
export async function choose(page, refKey, file) {
  await page.goto(`/drive/report/${refKey}`);
  await page.setInputFiles('#file', file);
  await grantPosition(page);
  await readyToSend(page);
}

/** Waits for the check and asserts that it passes. */
export async function readyToSend(page) {
  await page.waitForFunction(() => ['check', 'refused'].includes(document.body.dataset.shown));
  const refused = await page.evaluate(() => document.querySelector('[data-screen="refused"]:not([hidden])')?.textContent);
  assert.equal(refused, undefined);
  await page.waitForSelector('[data-do="send"]:not([aria-disabled])');
}

/** Sends the checked video and waits until it is sent. */
export async function send(page) {
  await page.click('[data-do="send"]');
  await sent(page);
}

export async function sent(page) {
  await page.waitForSelector('[data-screen="sent"]:not([hidden])', { timeout: 60_000 });
}

/** The recordings stored on the phone. */
export const recordings = (page) => page.evaluate(() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('drive');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const all = opening.result.transaction('recordings').objectStore('recordings').getAll();
    all.onsuccess = () => {
      opening.result.close();
      resolve(all.result);
    };
  };
}));

/** The latest video of a report, from the API. */
export async function videoOf(page, refKey) {
  return page.evaluate(async (ref) => {
    const { csrf } = JSON.parse(document.getElementById('page-data').textContent);
    const headers = { 'X-CSRF-Token': csrf, 'Content-Type': 'application/json' };
    const token = await (await fetch('/drive/token', { method: 'POST', headers, body: '{}' })).json();
    const response = await fetch(`/reports/${ref}/video`, { headers: { Authorization: `Bearer ${token.data.access_token}` } });
    return (await response.json()).data;
  }, refKey);
}

/**
 * Records the page's upload requests: status of creations, and the offset of each PATCH with the last acknowledged
 * offset.
 */
export function watchUploads(page) {
  const uploads = { created: [], offsets: [], acknowledged: [] };
  let lastOffset = 0;
  const isUpload = (request) => new URL(request.url()).pathname.startsWith('/uploads/');
  page.on('request', (request) => {
    if (request.method() === 'PATCH' && isUpload(request)) {
      uploads.offsets.push({ offset: Number(request.headers()['upload-offset']), acknowledged: lastOffset });
    }
  });
  page.on('response', (response) => {
    const request = response.request();
    if (request.method() === 'POST' && new URL(request.url()).pathname === '/uploads') uploads.created.push(response.status());
    const offset = Number.parseInt(response.headers()['upload-offset'] ?? '', 10);
    if (!isUpload(request) || !Number.isFinite(offset)) return;
    lastOffset = offset;
    uploads.acknowledged.push(offset);
  });
  return uploads;
}

/** Asserts that there is one upload, and that each PATCH starts at the acknowledged offset. */
export function checkResumed({ created, offsets, acknowledged: known }) {
  assert.equal(created.length, 1, 'one upload');
  assert.ok(offsets.length > 1);
  for (const [index, { offset, acknowledged }] of offsets.entries()) {
    assert.equal(offset, acknowledged, `PATCH ${index} of ${JSON.stringify(offsets)}, ${JSON.stringify(known)}`);
  }
}

/** Waits until a text is shown. */
export async function waitForText(page, name, key, values = {}) {
  const text = (await textOf(page, key)).replace(/\{(\w+)\}/g, (_, field) => values[field] ?? `{${field}}`);
  await page.waitForFunction(([at, wanted]) => {
    const shown = [...document.querySelectorAll(`[data-show="${at}"]`)].filter((element) => element.checkVisibility());
    return shown.some((element) => element.textContent === wanted);
  }, [name, text]);
}

/** The reference keys of the first reports in the list without a video. */
export async function firstOpenReports(page, count) {
  const links = await page.$$eval('a[href^="/drive/report/"]', (all) => all.map(({ href }) => href.split('/').at(-1)));
  return links.slice(0, count);
}

/**
 * Waits until a number of seconds is on the disk, in at least two chunks: on a slow computer the first chunk may have
 * no picture.
 */
export async function waitForRecorded(page, seconds) {
  const sizes = new Set();
  await waitUntil(async () => {
    const [recording] = (await recordings(page)).filter(({ state }) => state === 'recording');
    if (recording?.size > 0) sizes.add(recording.size);
    return sizes.size > 1 && recording.durationMs >= seconds * 1000 - 500;
  });
}

/** Waits until all recordings are sent. */
export const waitForAllSent = (page) => waitUntil(async () => (await recordings(page)).every(({ state }) => state === 'sent'));

/** The names of the files in OPFS. */
export const filesOf = (page) => page.evaluate(async () => {
  const top = await navigator.storage.getDirectory();
  const folder = await top.getDirectoryHandle('drive', { create: true });
  return Array.fromAsync(folder.keys());
});

/** The SHA-256 of a file. */
export const sha256 = ({ buffer }) => createHash('sha256').update(buffer).digest('hex');
