// The pictures of the driver's page.

import { readFileSync } from 'node:fs';

import { askForCode, choose, FAKE_CAMERA, grantPosition, phone, readyToSend, send, sent, signedIn } from './driver.mjs';
import { start } from './harness.mjs';
import { take } from './picture.mjs';
import { networkOf } from './faults.mjs';

const LANGUAGES = [['ru', ''], ['kk', '-kk'], ['en', '-en']];
/** The position in the metadata of the files: 56 km from the phone. */
const PLACE = '+43.6000+077.3800';
const MINUTE = 60_000;

/**
 * Open reports: a rejected one with items, two unfilmed ones of the same vehicle, and others.
 */
async function firstOpenReports(page, plate) {
  await page.goto('/drive');
  const bad = page.locator('.notice.bad');
  const cards = page.locator('article:has(a[href^="/drive/report/"])');
  const unfilmed = cards.filter({ hasNot: bad });
  const all = (found) => found.locator('a').evaluateAll((links) => links.map((link) => link.pathname.split('/').at(-1)));
  // Items that were not shown follow a colon.
  const [rejected] = await all(cards.filter({ has: bad, hasText: ':' }).filter({ hasText: plate }));
  const [same, portrait] = await all(unfilmed.filter({ hasText: plate }));
  return { rejected, same, portrait, others: (await all(unfilmed)).filter((ref) => ref !== same && ref !== portrait) };
}

async function setLanguage(page, language) {
  await page.context().addCookies([{ name: 'language', value: language, url: new URL(page.url()).origin }]);
}

/** Waits until the upload has reached a percentage. */
const waitForPercent = (page, percent) =>
  page.waitForFunction((wanted) => document.querySelector('[data-screen="sending"] progress').value >= wanted, percent, { timeout: 120_000 });

async function signIn(browser, world) {
  const page = await phone(browser, world);
  await page.goto('/drive/sign-in');
  await page.waitForSelector('#biin');
  await take(page, 'drive-sign-in-360');
  await askForCode(page, world);
  await page.fill('#digits', '0000');
  await page.click('#code .dock button');
  await page.waitForSelector('#code-summary:not([hidden])');
  await take(page, 'drive-code-360');
  await page.context().close();
}

/** Pictures of instructions, camera and check of a rejected report. */
async function film(page, ref, [language, suffix]) {
  await setLanguage(page, language);
  await page.goto(`/drive/report/${ref}`);
  await page.waitForFunction(() => ['show', 'kept'].includes(document.body.dataset.shown));
  // The recording of the previous language is still stored.
  if (await page.isVisible('[data-screen="kept"]')) await page.click('[data-screen="kept"] [data-do="show"]');
  await take(page, `drive-film-360${suffix}`);
  await page.click('[data-screen="show"] [data-do="film"]');
  await grantPosition(page);
  await page.waitForSelector('.camera[data-phase="ready"]');
  await page.click('[data-do="start"]');
  await page.waitForSelector('.camera[data-phase="recording"]');
  for (let item = 0; item < 4; item += 1) await page.click('[data-do="item"]');
  await page.waitForFunction(() => document.querySelector('[data-show="time"]').textContent === '0:08');
  await take(page, `drive-camera-360${suffix}`);
  await page.click('[data-do="stop"]');
  await readyToSend(page);
}

/** Sends a file at the rate of a mobile network, and takes a picture meanwhile. */
async function sending(page, ref, file, [language, suffix]) {
  await setLanguage(page, language);
  await choose(page, ref, file);
  const network = await networkOf(page);
  await network.slow(1_400_000);
  await page.click('[data-do="send"]');
  await waitForPercent(page, 60);
  await take(page, `drive-send-360${suffix}`);
  await network.back();
  await sent(page);
}

/** The identity form of a film link. */
async function link(browser, { base, director }, ref) {
  const headers = { Authorization: `Bearer ${director}` };
  const response = await fetch(`${base}/reports/${ref}/film-link`, { method: 'POST', headers });
  const { url } = (await response.json()).data;
  const page = await phone(browser, { base });
  await page.goto(url);
  await page.waitForSelector('#link-who');
  await take(page, 'drive-link-360');
  await page.context().close();
}

/**
 * Takes the pictures. Returns two reports for the console: `same`, whose video has another position, and `portrait`.
 */
export async function driverPictures(world, vehicle) {
  const browser = await start({ arguments_: [...FAKE_CAMERA, `--use-file-for-fake-video-capture=${vehicle.camera}`] });
  await signIn(browser, world);
  const page = await signedIn(browser, world);
  const { rejected, same, portrait, others } = await firstOpenReports(page, world.plate);
  await take(page, 'drive-list-360');
  await page.emulateMedia({ colorScheme: 'dark' });
  await take(page, 'drive-list-360-dark');
  await page.emulateMedia({ colorScheme: 'light' });

  for (const language of [...LANGUAGES.slice(1), LANGUAGES[0]]) await film(page, rejected, language);
  await page.waitForFunction(() => document.querySelector('.preview').readyState >= 2);
  await take(page, 'drive-check-360');
  await send(page);
  await page.waitForFunction(() => document.querySelector('[data-screen="sent"] [data-show="number"]').textContent.startsWith('Номер'));
  await take(page, 'drive-sent-360');

  const at = new Date(Date.now() - 4 * MINUTE);
  const recorded = vehicle.file(42, { place: PLACE, at });
  const videos = [38, 37, 36].map((size) => vehicle.larger(recorded, size));
  const [kazakh, english, refused, linked] = others;
  for (const [index, ref] of [same, kazakh, english].entries()) await sending(page, ref, videos[index], LANGUAGES[index]);
  await setLanguage(page, 'ru');
  await choose(page, portrait, vehicle.file(42, { place: PLACE, at, isPortrait: true }));
  await send(page);

  await page.goto(`/drive/report/${refused}`);
  await page.setInputFiles('#file', { name: 'VID_0932.mp4', mimeType: 'video/mp4', buffer: readFileSync(world.bad) });
  await page.waitForSelector('[data-screen="refused"]:not([hidden])');
  await take(page, 'drive-refused-360');

  await link(browser, world, linked);
  await offlineList(page, refused, vehicle.larger(recorded, 35));
  await browser.close();
  return { same, portrait };
}

/** The dark list with a video waiting for the network. */
async function offlineList(page, ref, file) {
  await choose(page, ref, file);
  const network = await networkOf(page);
  await network.away();
  await page.click('[data-do="send"]');
  await page.waitForSelector('[data-screen="sending"] [data-show="state"]:not([hidden])');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('/drive');
  await page.waitForSelector('#kept article');
  await take(page, 'drive-offline-360');
  await page.context().close();
}
