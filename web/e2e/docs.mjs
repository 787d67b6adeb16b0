// The document of the API in a real browser: it opens with its routes under every host name, and calls the host
// under which it was opened.

import assert from 'node:assert/strict';

import { open, run, SCREEN, worldOf } from './harness.mjs';

/** An operation that only those read who have a token, as Swagger UI names it. */
const OPERATION = 'operations-review-list_review_reports';
const world = worldOf();

/** The page under a host name, with what it asks for. */
async function opened(browser, host) {
  const base = world.base.replace('127.0.0.1', host);
  const page = await open(browser, base, { viewport: SCREEN, language: 'en' });
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto('/docs');
  await page.waitForSelector('.opblock');
  return { base, page, asked };
}

/** Sends an operation by "Try it", and returns the answer. */
async function tryIt(page, id, path) {
  const operation = page.locator(`[id="${id}"]`);
  await operation.locator('.opblock-control-arrow').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  const [answer] = await Promise.all([
    page.waitForResponse((response) => new URL(response.url()).pathname === path),
    operation.getByRole('button', { name: 'Execute' }).click(),
  ]);
  await operation.locator('.live-responses-table .response-col_status').first().waitFor();
  return answer;
}

const flowsOf = (host) => ({
  [`opens with the routes, and what holds for all is folded: ${host}`]: async (browser) => {
    const { page } = await opened(browser, host);
    const { y, height } = await page.locator('.opblock').first().boundingBox();
    assert.ok(y + height < SCREEN.height, `the first route is at ${y}`);
    const codes = page.locator('details', { hasText: 'Error codes' });
    assert.equal(await page.locator('details[open]').count(), 0);
    assert.equal(await codes.locator('table').isVisible(), false);
    // Its text is Markdown, not pipes and backticks.
    await codes.locator('summary').press('Enter');
    assert.ok(await codes.locator('td code', { hasText: /^not_mp4$/ }).isVisible());
    assert.doesNotMatch(await page.locator('.info').innerText(), /[`|]/);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  },

  [`calls the host under which it was opened: ${host}`]: async (browser) => {
    const { base, page, asked } = await opened(browser, host);
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const dialog = page.locator('.dialog-ux');
    const scheme = dialog.locator('.auth-container', { hasText: 'access_token' }).first();
    await scheme.locator('input').fill(world.reviewer.access_token);
    await scheme.getByRole('button', { name: 'Apply credentials' }).click();
    await dialog.locator('.btn-done').first().click();
    const answer = await tryIt(page, OPERATION, '/review/reports');
    assert.equal(answer.status(), 200, await answer.text());
    assert.deepEqual(asked.filter((url) => !url.startsWith(`${base}/`)), []);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  },
});

const flows = { ...flowsOf('127.0.0.1'), ...flowsOf('forte.test') };
await run(flows, { ...world, arguments_: ['--host-resolver-rules=MAP forte.test 127.0.0.1'] });
