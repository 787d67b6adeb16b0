// The pictures of the review console.

import { LAPTOP, open, PHONE, SCREEN } from './harness.mjs';
import { take } from './picture.mjs';
import { approve, refKey, reviewer, shown, waitForOther } from './reviewer.mjs';

const PHONE_SCREEN = { viewport: PHONE, isMobile: true, hasTouch: true };
const LANGUAGES = [['kk', '-kk'], ['en', '-en']];
/** Items that the video does not show. */
const MISSING = [5, 8];

const visit = (browser, world, options = {}) => reviewer(browser, world, { viewport: SCREEN, ...options });

async function waitForCounts(page) {
  await page.locator('[data-count="queue"]:not(:empty)').waitFor({ state: 'attached' });
}

/** Opens a report and waits until its video plays and the film strip is drawn. */
async function watch(page, ref) {
  await page.goto(`/review/report/${ref}`);
  await page.waitForFunction(() => document.querySelector('video')?.currentTime > 1);
  // The film strip is drawn by a second player, without an event.
  await page.waitForTimeout(4000);
  await page.keyboard.press('k');
}

const seek = async (page, seconds) => {
  await page.evaluate((time) => { document.querySelector('video').currentTime = time; }, seconds);
  await page.waitForFunction(() => !document.querySelector('video').seeking);
};

/** Ticks all items but `MISSING`, each at its own position. */
async function tick(page) {
  const count = await page.locator('[data-item]').count();
  for (let index = 0; index < count; index += 1) {
    await seek(page, 2 + index * 3.7);
    await page.keyboard.press(MISSING.includes(index) ? 'Shift+T' : 't');
  }
  await seek(page, 7);
}

async function reject(page) {
  await page.keyboard.press('x');
  await page.locator('[name="code"]').nth(1).check();
  await page.locator('textarea').fill('Снимите, пожалуйста, днём.');
  await page.locator('[data-show="kept"]:not(:empty)').waitFor();
}

/** Makes decisions and takes the pictures of the day. Returns the plate of the rejected vehicle. */
export async function decide(browser, world, decisions) {
  const page = await visit(browser, world);
  await page.locator('.filters a', { hasText: world.type }).click();
  await page.waitForURL(/vehicle_type=/);
  await waitForCounts(page);
  await page.keyboard.press('Enter');
  let plate = '';
  for (const decision of decisions) {
    await page.waitForURL(/\/review\/report\//);
    await shown(page);
    if (decision === 'reject') {
      const key = refKey(page);
      plate = await page.locator('h1').innerText();
      await tick(page);
      await reject(page);
      await page.keyboard.press('Control+Enter');
      await waitForOther(page, key);
    } else {
      await approve(page);
    }
  }
  await page.goto('/review/day');
  await waitForCounts(page);
  await take(page, 'review-day');
  await page.setViewportSize(PHONE);
  await take(page, 'review-day-360');
  await page.setViewportSize(SCREEN);
  // The driver sees the rejection after it can no longer be undone.
  await page.waitForFunction(() => !document.querySelector('[data-do="undo"]')?.checkVisibility(), null, { timeout: 30_000 });
  await page.waitForTimeout(3000);
  await page.context().close();
  return plate;
}

/** The queue, with the focus on the second row. */
async function queue(page, name) {
  await page.goto('/review');
  await waitForCounts(page);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await take(page, name);
}

async function laptop(browser, world, { same, portrait }) {
  const page = await visit(browser, world);
  await queue(page, 'review-queue');
  await watch(page, same);
  await tick(page);
  await take(page, 'review-report');
  await page.setViewportSize(LAPTOP);
  await take(page, 'review-report-640');
  await page.setViewportSize(SCREEN);
  await page.keyboard.press('?');
  await page.locator('dialog[open]').waitFor();
  await take(page, 'review-keys');
  await page.keyboard.press('Escape');
  await reject(page);
  await take(page, 'review-reject');
  await page.keyboard.press('Escape');
  await page.keyboard.press('c');
  await page.waitForURL(/compare/);
  await page.waitForFunction(() => [...document.querySelectorAll('video')].every(({ readyState }) => readyState >= 2));
  await page.waitForTimeout(4000);
  await page.keyboard.press('k');
  await take(page, 'review-compare');
  await watch(page, portrait);
  await seek(page, 7);
  await take(page, 'review-portrait');
  await page.goto('/review/sessions');
  await waitForCounts(page);
  await take(page, 'review-sessions');
  await changed(page, world, same);
  await page.context().close();
}

/** The notice about a concurrent decision of another reviewer. */
async function changed(page, { base, reviewer }, ref) {
  await watch(page, ref);
  await reject(page);
  const headers = { Authorization: `Bearer ${reviewer.access_token}`, 'Content-Type': 'application/json' };
  const { version } = (await (await fetch(`${base}/reports/${ref}/video`, { headers })).json()).data;
  const body = JSON.stringify({ decision: 'approve', version });
  const response = await fetch(`${base}/reports/${ref}/decision`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(await response.text());
  await page.keyboard.press('Control+Enter');
  await page.locator('[data-part="notice"]').waitFor();
  await take(page, 'review-changed');
}

async function phone(browser, world, { same }, [language, suffix], isWhole) {
  const page = await visit(browser, world, { ...PHONE_SCREEN, language });
  await waitForCounts(page);
  await take(page, `review-queue-360${suffix}`);
  await watch(page, same);
  await seek(page, 7);
  await take(page, `review-report-360${suffix}`);
  if (isWhole) {
    await page.locator('[data-do="reject"]').click();
    await page.locator('[name="code"]').nth(1).check();
    await take(page, 'review-reject-360');
    await page.goto('/review/sessions');
    await take(page, 'review-sessions-360');
  }
  await page.context().close();
}

async function withoutSession(browser, { base }) {
  const page = await open(browser, base, { viewport: SCREEN });
  await page.goto('/review');
  await take(page, 'review-sign-in');
  await page.setViewportSize(PHONE);
  await take(page, 'review-sign-in-360');
  await page.goto('/');
  await take(page, 'home-360');
  await page.setViewportSize(SCREEN);
  await take(page, 'home');
  await page.context().close();
}

export async function consolePictures(browser, world, reports) {
  await withoutSession(browser, world);
  await phone(browser, world, reports, ['ru', ''], true);
  for (const language of LANGUAGES) await phone(browser, world, reports, language, false);
  for (const [language, suffix] of LANGUAGES) {
    const page = await visit(browser, world, { language });
    await queue(page, `review-queue${suffix}`);
    await watch(page, reports.same);
    await seek(page, 7);
    await take(page, `review-report${suffix}`);
    await page.context().close();
  }
  const dark = await visit(browser, world, { colorScheme: 'dark' });
  await queue(dark, 'review-queue-dark');
  await watch(dark, reports.same);
  await tick(dark);
  await take(dark, 'review-report-dark');
  await dark.context().close();
  await laptop(browser, world, reports);
}
