// What the tests of the driver's page share: a phone with a camera, the sign-in, filming, what was sent.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { open, PHONE, until } from './harness.mjs';

/** A camera and a microphone that always agree. */
export const FAKE_CAMERA = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** What a driver allows or denies. */
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

/** States on the sign-in page who signs in; the code is mailed then. */
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

/** The same after the browser was killed: Chromium writes cookies half a minute later, so they may be lost. */
export async function signInIfLost(page, world) {
  await page.goto('/drive');
  if (new URL(page.url()).pathname !== '/drive') await signIn(page, world);
}

/** Fills in the sign-in page, which leads back to where the driver was. */
export async function enterCode(page, world, back) {
  const before = letters(world.mail);
  await askForCode(page, world);
  await page.fill('#digits', await codeOf(world.mail, before));
  await Promise.all([page.waitForURL(({ pathname }) => pathname === back), page.click('#code .dock button')]);
}

const letters = (folder) => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.eml')) : []);

/** The code of the letter that has come since. */
async function codeOf(folder, before) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const fresh = letters(folder).filter((name) => !before.includes(name));
    fresh.sort((one, other) => statSync(join(folder, other)).mtimeMs - statSync(join(folder, one)).mtimeMs);
    for (const name of fresh) {
      const code = codeIn(readFileSync(join(folder, name), 'utf8'));
      if (code) return code;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no letter with a code has come');
}

function codeIn(letter) {
  const parts = letter.replaceAll('\r', '').split(/base64\n(?:.+\n)*\n/);
  const texts = parts.slice(1).map((part) => Buffer.from(part.split('\n--')[0], 'base64').toString());
  return texts.join('\n').match(/^\s*(\d{4,8})\s*$/m)?.[1] ?? null;
}

/**
 * The phone of a driver who is signed in already: the flows share one session. `options` are those of the
 * browser; without one of the `permissions` the driver has denied it.
 */
export async function returning(browser, world, { denied = [], base = world.base, ...options } = {}) {
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

/** A sentence of the page by its key. */
export const sentence = (page, key) => page.evaluate((name) => JSON.parse(document.getElementById('page-data').textContent).texts[name], key);

/** The first report of the list that waits for a video. */
export async function openReport(page) {
  const address = await page.getAttribute('a[href^="/drive/report/"]', 'href');
  return address.split('/').at(-1);
}

/** Opens the camera of a report; the place is asked for on the way. */
export async function openCamera(page, refKey) {
  await page.goto(`/drive/report/${refKey}`);
  await startCamera(page);
}

/** Opens the camera on the page of a report. */
export async function startCamera(page) {
  await page.click('[data-screen="show"] [data-do="film"]');
  await agree(page);
  await page.waitForSelector('.camera[data-phase="ready"]');
}

/** Agrees to the place, if the page asks. */
export async function agree(page) {
  await page.waitForFunction(() => ['place', 'camera', 'check', 'copying', 'refused'].includes(document.body.dataset.shown));
  // The screen is shown also while the place is looked for; somebody who has agreed is not asked again.
  const asks = await page.evaluate(() => document.body.dataset.shown === 'place' && localStorage.getItem('drive.place') === null);
  if (asks) await page.click('[data-do="place-yes"]');
}

/** Records for so many seconds and stops. */
export async function record(page, seconds) {
  await page.click('[data-do="start"]');
  await page.waitForSelector('.camera[data-phase="recording"]');
  await page.waitForTimeout(seconds * 1000);
  await page.click('[data-do="stop"]');
  await readyToSend(page);
}

/** Chooses a file; the check must find nothing. */
export async function choose(page, refKey, file) {
  await page.goto(`/drive/report/${refKey}`);
  await page.setInputFiles('#file', file);
  await agree(page);
  await readyToSend(page);
}

/** Waits for the check; it must find nothing. */
export async function readyToSend(page) {
  await page.waitForFunction(() => ['check', 'refused'].includes(document.body.dataset.shown));
  const refused = await page.evaluate(() => document.querySelector('[data-screen="refused"]:not([hidden])')?.textContent);
  assert.equal(refused, undefined);
  await page.waitForSelector('[data-do="send"]:not([aria-disabled])');
}

/** Sends what was checked, and waits for the answer of the service. */
export async function send(page) {
  await page.click('[data-do="send"]');
  await sent(page);
}

export async function sent(page) {
  await page.waitForSelector('[data-screen="sent"]:not([hidden])', { timeout: 60_000 });
}

/** What the phone keeps, without what changes from run to run. */
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

/** The facts that the service has found in the latest video of a report. */
export async function videoOf(page, refKey) {
  return page.evaluate(async (ref) => {
    const { csrf } = JSON.parse(document.getElementById('page-data').textContent);
    const headers = { 'X-CSRF-Token': csrf, 'Content-Type': 'application/json' };
    const token = await (await fetch('/drive/token', { method: 'POST', headers, body: '{}' })).json();
    const answer = await fetch(`/reports/${ref}/video`, { headers: { Authorization: `Bearer ${token.data.access_token}` } });
    return (await answer.json()).data;
  }, refKey);
}

/**
 * What the page asks of uploads: the creations, and the offset of each piece with the one that the service has
 * named last.
 */
export function watchUploads(page) {
  const seen = { created: [], offsets: [], acknowledged: [] };
  let last = 0;
  const isUpload = (request) => new URL(request.url()).pathname.startsWith('/uploads/');
  page.on('request', (request) => {
    if (request.method() === 'PATCH' && isUpload(request)) {
      seen.offsets.push({ offset: Number(request.headers()['upload-offset']), after: last });
    }
  });
  page.on('response', (response) => {
    const request = response.request();
    if (request.method() === 'POST' && new URL(request.url()).pathname === '/uploads') seen.created.push(response.status());
    const offset = Number.parseInt(response.headers()['upload-offset'] ?? '', 10);
    if (!isUpload(request) || !Number.isFinite(offset)) return;
    last = offset;
    seen.acknowledged.push(offset);
  });
  return seen;
}

/** One upload, and each piece begins where the service has said; so at most one piece was sent twice. */
export function goesOn({ created, offsets, acknowledged: known }) {
  assert.equal(created.length, 1, 'one upload');
  assert.ok(offsets.length > 1);
  for (const [index, { offset, after }] of offsets.entries()) {
    assert.equal(offset, after, `piece ${index} of ${JSON.stringify(offsets)}, ${JSON.stringify(known)}`);
  }
}

/** Waits until a sentence is shown. */
export async function says(page, name, key, values = {}) {
  const text = (await sentence(page, key)).replace(/\{(\w+)\}/g, (_, field) => values[field] ?? `{${field}}`);
  await page.waitForFunction(([at, wanted]) => {
    const shown = [...document.querySelectorAll(`[data-show="${at}"]`)].filter((element) => element.checkVisibility());
    return shown.some((element) => element.textContent === wanted);
  }, [name, text]);
}

/** The first reports of the list that wait for a video. */
export async function openReports(page, count) {
  const links = await page.$$eval('a[href^="/drive/report/"]', (all) => all.map(({ href }) => href.split('/').at(-1)));
  return links.slice(0, count);
}

/**
 * Waits until so many seconds of the recording are on the disk, in two pieces at least: a slow computer's first one has
 * no picture yet.
 */
export async function piecesOf(page, seconds) {
  const sizes = new Set();
  await until(async () => {
    const [recording] = (await recordings(page)).filter(({ state }) => state === 'recording');
    if (recording?.size > 0) sizes.add(recording.size);
    return sizes.size > 1 && recording.durationMs >= seconds * 1000 - 500;
  });
}

/** Waits until the list keeps no video. */
export const nothingKept = (page) => until(async () => (await recordings(page)).every(({ state }) => state === 'sent'));

/** The files on the disk of the browser. */
export const filesOf = (page) => page.evaluate(async () => {
  const top = await navigator.storage.getDirectory();
  const folder = await top.getDirectoryHandle('drive', { create: true });
  return Array.fromAsync(folder.keys());
});

/** The digest of a file that is chosen. */
export const sha256 = ({ buffer }) => createHash('sha256').update(buffer).digest('hex');
