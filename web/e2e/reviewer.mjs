// What the tests of the console share: a reviewer at a laptop, finding a report, deciding it by keyboard.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';

import { open, pressAt, signIn } from './harness.mjs';

/** After a report is shown, decision keys are deaf for this long. */
export const DEAF = 650;

export const heading = (page) => page.locator('h1[data-part="heading"]');
export const text = (page, name) => page.locator(`[data-show="${name}"]:visible`).first().textContent();
export const refKey = (page) => new URL(page.url()).pathname.split('/').at(-1);

/**
 * The laptop of `world.reviewer`, who has signed in. A page that a flow has changed counts as one of the internet, which
 * Chromium does not let read a store on this machine.
 */
export async function reviewer(browser, world, options) {
  const page = await open(browser, world.base, { permissions: ['local-network-access'], ...options });
  await signIn(page, world.reviewer);
  return page;
}

/** The report is there, its first frame too, and the keys of decisions are awake. */
export async function shown(page) {
  await page.waitForFunction(() => document.querySelector('video[data-part="video"]')?.readyState >= 2);
  await page.waitForTimeout(DEAF);
}

export async function waitForOther(page, before) {
  await page.waitForFunction((key) => !location.pathname.endsWith(key), before);
}

/** Opens a report that nobody has looked at yet: each flow its own. */
let taken = 0;
export async function another(page) {
  await page.goto('/review');
  const links = page.locator('tr:has(td.length:not(:empty)):has(.type) a[data-open]');
  taken += 1;
  await links.nth(-taken - 1).click();
  await page.waitForURL(/\/review\/report\//);
  await shown(page);
}

/** Finds a report by the plate, and opens it, without the mouse. A vehicle may have several reports. */
export async function find(page, { plate, ref }) {
  await page.goto('/review');
  await page.keyboard.press('/');
  await page.keyboard.type(plate);
  await Promise.all([page.waitForURL(/search=/), page.keyboard.press('Enter')]);
  await page.locator(`a[data-open][href*="${ref}"]`).waitFor();
  const isFocused = () => page.evaluate((key) => document.activeElement?.href?.includes(key) === true, ref);
  const rows = await page.locator('a[data-open]').count();
  for (let row = 0; row < rows && !(await isFocused()); row += 1) await page.keyboard.press('j');
  assert.ok(await isFocused(), 'J leads to the row');
  await Promise.all([page.waitForURL((url) => url.pathname.endsWith(ref)), page.keyboard.press('Enter')]);
  await shown(page);
}

/** Watches the video to its end. */
export async function watch(page) {
  await page.waitForFunction(() => document.querySelector('video[data-part="video"]').ended, null, { timeout: 30_000 });
}

/**
 * Rejects what is shown on a Russian keyboard: all items but the last two are ticked, and a reason is typed. Returns
 * the two items.
 */
export async function reject(page, reason) {
  const key = refKey(page);
  const count = await page.locator('[data-item]').count();
  assert.ok(count > 2, 'the type has instructions');
  for (let tick = 2; tick < count; tick += 1) await pressAt(page, 'KeyT', 'е');
  await pressAt(page, 'KeyX', 'ч');
  const form = page.locator('[data-part="reject"]');
  await form.waitFor();
  const items = await form.locator('label:has([name="item"]:checked) bdi').allTextContents();
  assert.equal(items.length, 2);
  await tabTo(page, 'reject-text');
  await page.keyboard.type(reason);
  await page.keyboard.press('Control+Enter');
  await waitForOther(page, key);
  return items;
}

/** Approves what is shown; a file that disagrees with itself is asked for once more. */
export async function approve(page) {
  const key = refKey(page);
  await page.keyboard.press('a');
  await page.waitForFunction((before) => !location.pathname.endsWith(before)
    || document.querySelector('[data-show="confirm"]')?.checkVisibility() === true, key);
  if (refKey(page) === key) await page.keyboard.press('a');
  await waitForOther(page, key);
}

/** Presses Tab until the element with this id has the focus. */
async function tabTo(page, id) {
  for (let step = 0; step < 40; step += 1) {
    if (await page.evaluate(() => document.activeElement?.id) === id) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not lead to #${id}`);
}

/** What an authenticator app shows now for its key in base32 (RFC 6238). */
export function oneTimeCode(secret) {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => digits.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', key).update(step).digest();
  const number = mac.readUInt32BE(mac[19] & 0x0f) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}
