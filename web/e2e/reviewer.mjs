// Helpers for tests of the review console: sign in, find a report, decide it by keyboard.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';

import { open, pressAt, signIn } from './harness.mjs';

/** Milliseconds after which decision keys work on a new report. */
export const DECISION_DELAY = 650;

export const heading = (page) => page.locator('h1[data-part="heading"]');
export const text = (page, name) => page.locator(`[data-show="${name}"]:visible`).first().textContent();
export const refKey = (page) => new URL(page.url()).pathname.split('/').at(-1);

/**
 * A page where `world.reviewer` has signed in. Chromium treats a response modified by a flow as public, and requires
 * the permission to load videos from a local storage.
 */
export async function reviewer(browser, world, options) {
  const page = await open(browser, world.base, { permissions: ['local-network-access'], ...options });
  await signIn(page, world.reviewer);
  return page;
}

/** Waits until the first frame is shown and decision keys work. */
export async function shown(page) {
  await page.waitForFunction(() => document.querySelector('video[data-part="video"]')?.readyState >= 2);
  await page.waitForTimeout(DECISION_DELAY);
}

export async function waitForOther(page, before) {
  await page.waitForFunction((key) => !location.pathname.endsWith(key), before);
}

/** Opens a report that no other flow uses. */
let taken = 0;
export async function another(page) {
  await page.goto('/review');
  const links = page.locator('tr:has(td.length:not(:empty)):has(.type) a[data-open]');
  taken += 1;
  await links.nth(-taken - 1).click();
  await page.waitForURL(/\/review\/report\//);
  await shown(page);
}

/** Finds a report by plate and opens it by keyboard. A vehicle may have several reports. */
export async function find(page, { plate, ref }) {
  await page.goto('/review');
  await page.keyboard.press('/');
  await page.keyboard.type(plate);
  await Promise.all([page.waitForURL(/search=/), page.keyboard.press('Enter')]);
  await page.locator(`a[data-open][href*="${ref}"]`).waitFor();
  const isFocused = () => page.evaluate((key) => document.activeElement?.href?.includes(key) === true, ref);
  const rows = await page.locator('a[data-open]').count();
  for (let row = 0; row < rows && !(await isFocused()); row += 1) await page.keyboard.press('j');
  assert.ok(await isFocused(), 'J moves the focus to the row');
  await Promise.all([page.waitForURL((url) => url.pathname.endsWith(ref)), page.keyboard.press('Enter')]);
  await shown(page);
}

/** Watches the video to its end. */
export async function watch(page) {
  await page.waitForFunction(() => document.querySelector('video[data-part="video"]').ended, null, { timeout: 30_000 });
}

/**
 * Rejects the report with a Russian keyboard layout: ticks all items but the last two and types a reason. Returns the
 * two items.
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

/** Approves the report, with a second key press if a confirmation is required. */
export async function approve(page) {
  const key = refKey(page);
  await page.keyboard.press('a');
  await page.waitForFunction((before) => !location.pathname.endsWith(before)
    || document.querySelector('[data-show="confirm"]')?.checkVisibility() === true, key);
  if (refKey(page) === key) await page.keyboard.press('a');
  await waitForOther(page, key);
}

/** Presses Tab until the element is focused. */
async function tabTo(page, id) {
  for (let step = 0; step < 40; step += 1) {
    if (await page.evaluate(() => document.activeElement?.id) === id) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not reach #${id}`);
}

/** The current TOTP code for a base32 key (RFC 6238). */
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
