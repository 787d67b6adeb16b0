// Starts Chromium for the tests of the pages, signs in, and looks at what every page has to keep.
//
// Chromium is Debian's (FORTE_TEST_CHROMIUM, /usr/bin/chromium by default); playwright-core and axe-core are
// in the folder FORTE_TEST_NODE_MODULES. Both are installed by `scripts/get-test-tools`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const modules = createRequire(`${process.env.FORTE_TEST_NODE_MODULES}/`);
const { chromium } = modules('playwright-core');
const AXE = readFileSync(modules.resolve('axe-core/axe.min.js'), 'utf8');

/** The window of a cheap laptop. */
export const LAPTOP = { width: 1366, height: 640 };
/** The whole screen of it, which the pictures show. */
export const SCREEN = { width: 1366, height: 768 };
/** A cheap phone. */
export const PHONE = { width: 360, height: 740 };

/** Starts the browser; `arguments_` are switches of Chromium, such as those of a fake camera. */
export function start({ arguments_ = [] } = {}) {
  return chromium.launch({
    executablePath: process.env.FORTE_TEST_CHROMIUM ?? '/usr/bin/chromium',
    // Chromium's sandbox needs rights that a container does not give.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required', ...arguments_],
  });
}

/**
 * A fresh profile with one page. `options` are Playwright's: viewport, colorScheme, javaScriptEnabled,
 * permissions, geolocation … What goes wrong in the page is kept in `page.problems`.
 */
export async function open(browser, base, { language = 'ru', ...options } = {}) {
  const context = await browser.newContext({
    baseURL: base, viewport: LAPTOP, locale: language === 'en' ? 'en-GB' : language, timezoneId: 'Asia/Almaty',
    ...options,
  });
  await context.addCookies([{ name: 'language', value: language, url: base }]);
  context.setDefaultTimeout(15_000);
  await context.addInitScript(watchShifts);
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A refused request is said by the page itself; a violation of the policy is not.
    if (message.type() === 'error' && !/^Failed to load resource/.test(message.text())) page.problems.push(message.text());
  });
  return page;
}

/** Runs in the page: adds up what has moved without somebody having done something. */
function watchShifts() {
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const names = entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? node?.nodeName);
      globalThis.shifts.push({ value: entry.value, names });
    }
  }).observe({ type: 'layout-shift', buffered: true });
}

/** Signs a reviewer in by the form of the page. */
export async function signIn(page, { login, password }) {
  await page.goto('/review/sign-in');
  await page.fill('#login', login);
  await page.fill('#password', password);
  await Promise.all([page.waitForURL(/\/review(\?|$)/), page.press('#password', 'Enter')]);
}

/** A slow computer paints a page that has arrived in part: what follows it in its row moves it by so much. */
const PARTLY = 0.01;

/** Nothing went wrong, nothing moved, and nobody is shut out. */
export async function check(page, name) {
  assert.deepEqual(page.problems, [], `${name}: problems`);
  const shifts = await page.evaluate(() => globalThis.shifts);
  const moved = shifts.reduce((sum, { value }) => sum + value, 0);
  assert.ok(moved <= PARTLY, `${name}: layout shifts ${JSON.stringify(shifts)}`);
  await accessible(page, name);
}

/** axe-core finds no violation. It runs outside the page's policy, which would not let it in. */
export async function accessible(page, name) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`);
  assert.deepEqual(found, [], `${name}: accessibility`);
}

/**
 * Presses a key by its place, as a keyboard with another layout does: the code is that of the place, the letter
 * that of the layout.
 */
export async function pressAt(page, code, letter, { shift = false } = {}) {
  const session = await page.context().newCDPSession(page);
  const key = { code, key: letter, modifiers: shift ? 8 : 0, windowsVirtualKeyCode: letter.toUpperCase().charCodeAt(0) };
  await session.send('Input.dispatchKeyEvent', { ...key, type: 'keyDown', text: letter });
  await session.send('Input.dispatchKeyEvent', { ...key, type: 'keyUp' });
  await session.detach();
}

/**
 * Runs flows one by one and says how each ends; the process fails with the first. `world.only`, or FLOW in the
 * environment, names parts of those to run.
 */
export async function run(flows, world) {
  const only = world.only ?? (process.env.FLOW ? [process.env.FLOW] : []);
  const browser = await start(world);
  try {
    for (const [name, flow] of Object.entries(flows)) {
      if (only.length > 0 && !only.some((part) => name.includes(part))) continue;
      const started = performance.now();
      await flow(browser, world).catch((error) => shown(browser, error));
      console.log(JSON.stringify({ flow: name, seconds: Math.round(performance.now() - started) / 1000 }));
    }
  } finally {
    await browser.close();
  }
}

/** Waits until something is true that no page announces. */
export async function until(isTrue, what = 'it has not happened', seconds = 60) {
  const end = Date.now() + seconds * 1000;
  while (!(await isTrue())) {
    assert.ok(Date.now() < end, what);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

/** Says what the pages show when a flow fails, and fails. */
async function shown(browser, error) {
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    const text = await page.evaluate(() => document.body.innerText.replaceAll(/\s+/g, ' ')).catch(() => '');
    console.error(page.url(), page.problems ?? [], text.slice(0, 600));
  }
  throw error;
}

/** What the test gives: JSON in the first argument. */
export function worldOf() {
  return JSON.parse(process.argv[2] ?? '{}');
}
