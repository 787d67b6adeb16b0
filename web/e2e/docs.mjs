// The API documentation in Chromium: it works under every host name, and sends requests to that host.

import assert from 'node:assert/strict';

import { open, readWorld, run, SCREEN } from './harness.mjs';

/** Swagger UI's id of an operation that requires a token. */
const OPERATION = 'operations-review-list_review_reports';
const world = readWorld();

/** Opens the page under a host name and records its requests. */
async function openDocs(browser, host) {
  const base = world.base.replace('127.0.0.1', host);
  const page = await open(browser, base, { viewport: SCREEN, language: 'en' });
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto('/docs');
  await page.waitForSelector('.opblock');
  return { base, page, requests };
}

/** Runs an operation by "Try it out" and returns the response. */
async function tryIt(page, id, path) {
  const operation = page.locator(`[id="${id}"]`);
  await operation.locator('.opblock-control-arrow').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  const [response] = await Promise.all([
    page.waitForResponse((response) => new URL(response.url()).pathname === path),
    operation.getByRole('button', { name: 'Execute' }).click(),
  ]);
  await operation.locator('.live-responses-table .response-col_status').first().waitFor();
  return response;
}

const flowsOf = (host) => ({
  [`shows the routes, with the general sections collapsed: ${host}`]: async (browser) => {
    const { page } = await openDocs(browser, host);
    const { y, height } = await page.locator('.opblock').first().boundingBox();
    assert.ok(y + height < SCREEN.height, `the first route is at ${y}`);
    const codes = page.locator('details', { hasText: 'Error codes' });
    assert.equal(await page.locator('details[open]').count(), 0);
    assert.equal(await codes.locator('table').isVisible(), false);
    // Markdown must be rendered.
    await codes.locator('summary').press('Enter');
    assert.ok(await codes.locator('td code', { hasText: /^not_mp4$/ }).isVisible());
    assert.doesNotMatch(await page.locator('.info').innerText(), /[`|]/);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  },

  [`sends requests to its own host: ${host}`]: async (browser) => {
    const { base, page, requests } = await openDocs(browser, host);
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const dialog = page.locator('.dialog-ux');
    const scheme = dialog.locator('.auth-container', { hasText: 'access_token' }).first();
    await scheme.locator('input').fill(world.reviewer.access_token);
    await scheme.getByRole('button', { name: 'Apply credentials' }).click();
    await dialog.locator('.btn-done').first().click();
    const response = await tryIt(page, OPERATION, '/review/reports');
    assert.equal(response.status(), 200, await response.text());
    assert.deepEqual(requests.filter((url) => !url.startsWith(`${base}/`)), []);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  },
});

const flows = { ...flowsOf('127.0.0.1'), ...flowsOf('forte.test') };
await run(flows, { ...world, arguments_: ['--host-resolver-rules=MAP forte.test 127.0.0.1'] });
