// The harness of the browser tests: starts Chromium, signs in, checks every page for errors, layout shifts and
// accessibility, and runs flows.
//
// Chromium is Debian's (FORTE_TEST_CHROMIUM, /usr/bin/chromium by default); playwright-core and axe-core are
// in the folder FORTE_TEST_NODE_MODULES. Both are installed by `scripts/get-test-tools`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const modules = createRequire(`${process.env.FORTE_TEST_NODE_MODULES}/`);
const { chromium } = modules('playwright-core');
const AXE = readFileSync(modules.resolve('axe-core/axe.min.js'), 'utf8');

/** The viewport of a cheap laptop. */
export const LAPTOP = { width: 1366, height: 640 };
/** Its whole screen, for the pictures of the documentation. */
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
 * permissions, geolocation … Errors of the page are collected in `page.problems`.
 */
export async function open(browser, base, { language = 'ru', ...options } = {}) {
  const context = await browser.newContext({
    baseURL: base, viewport: LAPTOP, locale: language === 'en' ? 'en-GB' : language, timezoneId: 'Asia/Almaty',
    ...options,
  });
  await context.addCookies([{ name: 'language', value: language, url: base }]);
  context.setDefaultTimeout(15_000);
  await context.addInitScript(recordLayoutShifts);
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // Failed requests are shown by the page itself. Policy violations are problems.
    if (message.type() === 'error' && !/^Failed to load resource/.test(message.text())) page.problems.push(message.text());
  });
  return page;
}

/** Runs in the page: records layout shifts without user input. */
function recordLayoutShifts() {
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

/** Allowed layout shift: a slow computer may paint a partially loaded page. */
const MAX_LAYOUT_SHIFT = 0.01;

/** Asserts that the page has no problems, layout shifts or accessibility violations. */
export async function check(page, name) {
  assert.deepEqual(page.problems, [], `${name}: problems`);
  const shifts = await page.evaluate(() => globalThis.shifts);
  const moved = shifts.reduce((sum, { value }) => sum + value, 0);
  assert.ok(moved <= MAX_LAYOUT_SHIFT, `${name}: layout shifts ${JSON.stringify(shifts)}`);
  await checkAccessibility(page, name);
}

/** Asserts that axe-core finds no violation. It is injected by the debugger, which bypasses the page's CSP. */
export async function checkAccessibility(page, name) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`);
  assert.deepEqual(found, [], `${name}: accessibility`);
}

/**
 * Presses a key as on a keyboard with another layout: `code` is the physical key, `letter` the character of the layout.
 */
export async function pressAt(page, code, letter, { shift = false } = {}) {
  const session = await page.context().newCDPSession(page);
  const key = { code, key: letter, modifiers: shift ? 8 : 0, windowsVirtualKeyCode: letter.toUpperCase().charCodeAt(0) };
  await session.send('Input.dispatchKeyEvent', { ...key, type: 'keyDown', text: letter });
  await session.send('Input.dispatchKeyEvent', { ...key, type: 'keyUp' });
  await session.detach();
}

/** Seconds a flow may take. The slowest takes about 60 on two busy cores. */
const MAX_FLOW_SECONDS = 300;
/** Seconds the process may live after its last flow. */
const MAX_EXIT_SECONDS = 60;

/**
 * Runs flows sequentially and prints the duration of each; the process fails with the first. `world.only`, or FLOW in
 * the environment, selects flows by parts of their names.
 */
export async function run(flows, world) {
  const only = world.only ?? (process.env.FLOW ? [process.env.FLOW] : []);
  const browser = await start(world);
  let limit = null;
  try {
    for (const [name, flow] of Object.entries(flows)) {
      if (only.length > 0 && !only.some((part) => name.includes(part))) continue;
      const started = performance.now();
      limit = exitAfter(MAX_FLOW_SECONDS, `"${name}"`);
      await flow(browser, world).catch((error) => reportFailure(browser, error));
      clearTimeout(limit);
      console.log(JSON.stringify({ flow: name, seconds: Math.round(performance.now() - started) / 1000 }));
    }
  } finally {
    clearTimeout(limit);
    exitAfter(MAX_EXIT_SECONDS, 'closing the browser').unref();
    await browser.close();
  }
}

/** Ends the process if the timer is not cleared: a call without a time limit of its own would block it forever. */
function exitAfter(seconds, name) {
  return setTimeout(() => {
    console.error(`${name} took more than ${seconds} s`);
    process.exit(1);
  }, seconds * 1000);
}

/** Polls a condition that no event announces. */
export async function waitUntil(isTrue, message = 'condition not met', seconds = 60) {
  const end = Date.now() + seconds * 1000;
  while (!(await isTrue())) {
    assert.ok(Date.now() < end, message);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

/** Prints the text of all open pages, then rethrows the error. */
async function reportFailure(browser, error) {
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    const text = await page.evaluate(() => document.body.innerText.replaceAll(/\s+/g, ' ')).catch(() => '');
    console.error(page.url(), page.problems ?? [], text.slice(0, 600));
  }
  throw error;
}

/** The parameters from the Rust test: JSON in the first argument. */
export function readWorld() {
  return JSON.parse(process.argv[2] ?? '{}');
}
