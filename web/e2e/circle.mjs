// The whole circle, in Chromium: a driver films, a reviewer rejects, the driver films again, a reviewer approves, and
// 1C hears of it. The world: that of the driver's page and of the console, `exchange` with the login and password
// of 1C, and `events`, the file of what 1C was told.

import assert from 'node:assert/strict';

import {
  FAKE_CAMERA, filesOf, openCamera, phone, piecesOf, readyToSend, record, recordings, says, send, sent, sentence,
  signedIn, signIn, startCamera,
} from './driver.mjs';
import { accessible, check, run, until, worldOf } from './harness.mjs';
import { eventsOf, issueLink, revokeLinks, submissionsOf } from './onec.mjs';
import { approve, DEAF, find, reject, reviewer, shown, watch } from './reviewer.mjs';
import { networkOf } from './trouble.mjs';

const REASON = 'Снимите, пожалуйста, днём.';
const DRIVER = { name: 'Серик', mobile: '+7 701 111 22 33' };

const flows = {
  'a driver films until a reviewer approves, and 1C hears of it': async (browser, world) => {
    const driver = await signedIn(browser, world);
    const report = await freshReport(driver);
    await check(driver, 'list');
    await openCamera(driver, report.ref);
    await record(driver, 4);
    await send(driver);
    await accessible(driver, 'sent');

    const laptop = await reviewer(browser, world);
    await find(laptop, report);
    await watch(laptop);
    const items = await reject(laptop, REASON);

    await until(() => isRejected(driver, report), 'the driver is told');
    await check(driver, 'rejected, in the list');
    const reasons = await cardOf(driver, report).locator('.notice').innerText();
    names(reasons, items);
    await driver.goto(`/drive/report/${report.ref}`);
    await saysWhy(driver, items);
    await openCamera(driver, report.ref);
    await record(driver, 5);
    await send(driver);

    await find(laptop, report);
    await watch(laptop);
    await approve(laptop);
    await hears(world, report);
    await driver.goto('/drive');
    await check(driver, 'approved, in the list');
    assert.equal(await cardOf(driver, report).count(), 0, 'nothing to film');
    assert.ok((await driver.locator('article', { hasText: report.plate }).locator('.tag.mine').allTextContents()).includes(await sentence(driver, 'status.3')));
    assert.deepEqual(laptop.problems, []);
    await close(driver, laptop);
  },

  'the same by a film link, on a phone that has never signed in': async (browser, world) => {
    const report = await withoutVideo(browser, world);
    const link = await issueLink(world, report.ref);
    const driver = await phone(browser, world);
    await driver.goto(link);
    await driver.waitForSelector('#link-who');
    await check(driver, 'who films');
    await opened(driver, report);
    await check(driver, 'report of a link');
    await startCamera(driver);
    await record(driver, 4);
    await send(driver);
    await accessible(driver, 'sent by a link');
    await leadsToReport(driver, report);
    await check(driver, 'a link, sent');
    assert.match(await driver.innerText('main'), new RegExp(await sentence(driver, 'drive.link_done')));

    const laptop = await reviewer(browser, world);
    await find(laptop, report);
    await watch(laptop);
    const items = await reject(laptop, REASON);

    await until(() => reopened(driver, report), 'the report waits again');
    await driver.goto(link);
    await opened(driver, report);
    await saysWhy(driver, items);
    await startCamera(driver);
    await record(driver, 5);
    await send(driver);

    await find(laptop, report);
    await watch(laptop);
    await approve(laptop);
    const submissions = await hears(world, report);
    for (const { film_link: by } of submissions) {
      assert.deepEqual(by, { issuer: `node:${world.exchange.login}`, ...DRIVER }, JSON.stringify(by));
    }
    await driver.goto(link);
    await fails(driver, 'drive.closed');
    await leadsToReport(driver, report);
    assert.match(await driver.innerText('main'), new RegExp(await sentence(driver, 'drive.closed')));
    await close(driver, laptop);
  },

  'of two reviewers, one has the report, one decides, and the other one is told': async (browser, world) => {
    const driver = await signedIn(browser, world);
    const report = await freshReport(driver);
    await openCamera(driver, report.ref);
    await record(driver, 4);
    await send(driver);
    const accounts = [world.reviewer, world.colleague];
    const laptops = await Promise.all(accounts.map((account) => reviewer(browser, { ...world, reviewer: account })));
    await Promise.all(laptops.map((page) => page.goto(`/review/report/${report.ref}`)));
    await Promise.all(laptops.map(shown));
    const [first, second] = await ofClaim(laptops);
    assert.ok((await second.locator('[data-part="claim"]').innerText()).includes(await nameOf(first)), 'who has it');
    await accessible(second, 'the report of another reviewer');
    await Promise.all(laptops.map(watch));
    // Whoever takes the report over may decide; the first one does not know of it yet.
    await second.locator('[data-part="take-over"] button').click();
    await second.locator('[data-part="claim"]').waitFor({ state: 'hidden' });
    await second.waitForTimeout(DEAF);
    const outcomes = await Promise.all([outcomeOf(first), outcomeOf(second)]);
    assert.deepEqual(outcomes.toSorted(), ['decided', 'told']);
    const [told, decided] = outcomes[0] === 'told' ? [first, second] : [second, first];
    await accessible(told, 'told');
    await decidedOnce(decided, world, report);
    // What the other one would decide now is not decided either, and he reads by whom it was.
    assert.equal(await outcomeOf(told), 'told');
    const why = await told.locator('[data-part="notice"]').innerText();
    for (const part of [await nameOf(decided), await sentence(told, 'decision.changed')]) assert.ok(why.includes(part), why);
    await decidedOnce(decided, world, report);
    await close(driver, ...laptops);
  },

  'a link that is revoked during a recording loses nothing, and the driver who signs in sends it': async (browser, world) => {
    const report = await withoutVideo(browser, world);
    const driver = await phone(browser, world);
    await driver.goto(await issueLink(world, report.ref));
    await opened(driver, report, world);
    await startCamera(driver);
    await driver.click('[data-do="start"]');
    await driver.waitForSelector('.camera[data-phase="recording"]');
    await revokeLinks(world, report.ref);
    await piecesOf(driver, 4);
    await driver.click('[data-do="stop"]');
    await readyToSend(driver);
    await driver.click('[data-do="send"]');
    await asksForNew(driver);
    await sentBySession(driver, world, report);
    await close(driver);
  },

  'another driver who signs in neither sends nor loses what was filmed by a link': async (browser, world) => {
    const report = await withoutVideo(browser, world);
    const driver = await phone(browser, world);
    await driver.goto(await issueLink(world, report.ref));
    await opened(driver, report);
    await startCamera(driver);
    await record(driver, 4);
    await revokeLinks(world, report.ref);
    await driver.click('[data-do="send"]');
    await asksForNew(driver);
    const [kept] = await recordings(driver);
    await signIn(driver, world);
    await says(driver, 'other', 'drive.kept_other', { name: `${DRIVER.name} (…2233)` });
    await accessible(driver, 'the video of another driver');
    assert.equal(await driver.locator('#kept article').count(), 0);
    await openCamera(driver, report.ref);
    await record(driver, 4);
    await send(driver);
    const [submission] = await queued(world, report.ref, 1);
    assert.notEqual(submission.length, kept.size);
    assert.ok((await recordings(driver)).some(({ id, state }) => id === kept.id && state === kept.state));
    assert.ok((await filesOf(driver)).includes(kept.name));
    await close(driver);
  },

  'a link that is revoked before the video is sent loses nothing, and the next one sends it': async (browser, world) => {
    const report = await withoutVideo(browser, world);
    const driver = await phone(browser, world);
    const link = await issueLink(world, report.ref);
    await driver.goto(link);
    await opened(driver, report);
    await startCamera(driver);
    await record(driver, 4);
    const network = await networkOf(driver);
    await network.away();
    await driver.click('[data-do="send"]');
    await driver.waitForSelector('[data-screen="sending"] [data-show="state"]:not([hidden])');
    await revokeLinks(world, report.ref);
    await network.back();
    await asksForNew(driver);
    // Whoever opens the page again is told the same.
    await driver.reload();
    await driver.waitForFunction((text) => document.querySelector('main').innerText.includes(text), await sentence(driver, 'drive.film_link_old'));
    await accessible(driver, 'reloaded');
    await driver.goto(link);
    await fails(driver, 'drive.film_link_old');
    // The new link differs only in its fragment.
    await sentByNew(driver, world, report);
    await close(driver);
  },
};

const close = (...pages) => Promise.all(pages.map((page) => page.context().close()));

const cardOf = (page, { ref }) => page.locator('article', { has: page.locator(`a[href="/drive/report/${ref}"]`) });

/** A report of the list that nobody has filmed yet, of a type with instructions. */
async function freshReport(page) {
  await page.goto('/drive');
  const cards = page.locator('article.report:not(:has(.notice)) a[href^="/drive/report/"]');
  const addresses = await cards.evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  for (const address of addresses) {
    const html = await page.evaluate(async (path) => (await fetch(path)).text(), address);
    if ((html.match(/<span class="number">/g) ?? []).length < 3) continue;
    const plate = await page.locator(`article:has(a[href="${address}"]) h3`).textContent();
    return { ref: address.split('/').at(-1), plate };
  }
  return assert.fail('no report is left to film');
}

/** The same, looked up by a driver who has nothing to do with the flow. */
async function withoutVideo(browser, world) {
  const page = await signedIn(browser, world);
  const report = await freshReport(page);
  await close(page);
  return report;
}

/** Whether the list says that the video was rejected. */
async function isRejected(page, report) {
  await page.goto('/drive');
  return (await cardOf(page, report).locator('.notice.bad').count()) > 0;
}

/** Whether the report of a link may be filmed again. */
async function reopened(page, report) {
  await leadsToReport(page, report);
  return page.isVisible('div.notice.bad');
}

/** Items stand within a sentence, so their first letters are small. */
function names(reasons, items) {
  for (const line of [...items, REASON]) assert.ok(reasons.toLowerCase().includes(line.toLowerCase()), `${line}: ${reasons}`);
}

/** The page of a report says what was not shown, and marks it. */
async function saysWhy(page, items) {
  await check(page, 'rejected');
  const reasons = await page.locator('[data-screen="show"] div.notice.bad').innerText();
  names(reasons, items);
  assert.deepEqual(await page.locator('.items .marked .grow').allTextContents(), items);
}

/** States who films; the link leads to its report. */
async function opened(page, { ref }, { name, mobile } = DRIVER) {
  await page.fill('#name', name);
  await page.fill('#mobile', mobile);
  await Promise.all([page.waitForURL(({ pathname }) => pathname === `/drive/report/${ref}`), page.click('#link-who .dock button')]);
}

/** States who films; the link opens nothing, and says why. */
async function fails(page, key) {
  await page.fill('#name', DRIVER.name);
  await page.click('#link-who .dock button');
  await page.waitForSelector('[data-screen="link-failed"]:not([hidden])');
  await accessible(page, `a link that fails, ${key}`);
  assert.equal(await page.textContent('[data-show="why"]'), await sentence(page, key));
}

/** The start page of a phone that has only a link is the report of the link. */
async function leadsToReport(page, { ref }) {
  await page.goto('/drive');
  assert.equal(new URL(page.url()).pathname, `/drive/report/${ref}`);
}

/** 1C has both videos of the report and both decisions, in order. Returns the submissions. */
async function hears(world, { ref }) {
  const decisions = () => eventsOf(world, ref).filter(({ type }) => type === 'report.decided');
  await until(() => decisions().length === 2, '1C is told');
  const submissions = await queued(world, ref, 2);
  assert.deepEqual(submissions.map(({ status_code: status }) => status), [3, 3], 'both with the state of now');
  const [first, second] = submissions.map(({ submission_id: id }) => id);
  assert.notEqual(submissions[0].sha256, submissions[1].sha256);
  const told = eventsOf(world, ref).map(({ type, data }) => [type, data.submission_id, data.status_code]);
  assert.deepEqual(told, [
    ['report.submitted', first, undefined],
    ['report.decided', first, 4],
    ['report.submitted', second, undefined],
    ['report.decided', second, 3],
  ]);
  const [rejected, approved] = decisions();
  assert.match(rejected.data.reason, new RegExp(REASON));
  assert.equal(approved.data.version, submissions[1].version);
  return submissions;
}

/** So many submissions of a report, once they have their places in 1C's queue. */
async function queued(world, ref, count) {
  let found = [];
  await until(async () => (found = await submissionsOf(world, ref)).length >= count, 'in the queue of 1C');
  assert.equal(found.length, count);
  return found;
}

/** Who of two has the report, and who was told that he has not. */
async function ofClaim(pages) {
  const bars = () => Promise.all(pages.map((page) => page.locator('[data-part="claim"]').isVisible()));
  await until(async () => (await bars()).filter(Boolean).length === 1, 'one has the report');
  return (await bars())[0] ? pages.toReversed() : pages;
}

const nameOf = (page) => page.locator('.account .name').innerText();

/** One decision is in the list of the day, and 1C was told of one. */
async function decidedOnce(page, world, { ref }) {
  const told = () => eventsOf(world, ref).filter(({ type }) => type === 'report.decided').length;
  await until(() => told() > 0, '1C is told');
  await page.goto('/review/day');
  assert.equal(await page.locator(`tr[data-row*="${ref}"]`).count(), 1, 'one decision');
  assert.equal(told(), 1);
}

/** Presses the key of an approval; `decided`, or `told` why not. */
async function outcomeOf(page) {
  await page.evaluate(() => { document.querySelector('[data-part="notice"]').hidden = true; });
  const { pathname } = new URL(page.url());
  const state = async () => {
    const handle = await page.waitForFunction((path) => {
      if (location.pathname !== path) return 'decided';
      if (document.querySelector('[data-part="notice"]')?.checkVisibility()) return 'told';
      return document.querySelector('[data-show="confirm"]')?.checkVisibility() && 'asked';
    }, pathname);
    return handle.jsonValue();
  };
  await page.keyboard.press('a');
  const first = await state();
  if (first !== 'asked') return first;
  // So that it is not taken for an answer to the second press.
  await page.evaluate(() => { document.querySelector('[data-show="confirm"]').hidden = true; });
  await page.keyboard.press('a');
  return state();
}

/** The page says that the link has ended and that the video is kept; it is. */
async function asksForNew(page) {
  await page.waitForSelector('[data-screen="failed"]:not([hidden])');
  assert.equal(await page.textContent('[data-show="failed"]'), await sentence(page, 'drive.film_link_old'));
  await accessible(page, 'a link that has ended');
  const [kept] = await recordings(page);
  assert.ok(['ready', 'sending'].includes(kept.state), kept.state);
  const size = await page.evaluate(async (name) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('drive');
    return (await (await folder.getFileHandle(name)).getFile()).size;
  }, kept.name);
  assert.ok(size > 0 && size === kept.size, `${size} of ${kept.size} bytes`);
}

/** A new link for the report sends what the phone has kept. */
async function sentByNew(page, world, report) {
  const [kept] = await recordings(page);
  await page.goto(await issueLink(world, report.ref));
  await opened(page, report);
  await page.waitForFunction(() => ['kept', 'sending', 'sent'].includes(document.body.dataset.shown));
  if (await page.isVisible('[data-do="kept-send"]')) {
    await page.click('[data-do="kept-send"]');
    await page.click('[data-do="send"]:not([aria-disabled])');
  }
  await sent(page);
  const [submission] = await queued(world, report.ref, 1);
  assert.equal(submission.length, kept.size);
}

/** The driver who has filmed signs in on the phone, which sends what it has kept. */
async function sentBySession(page, world, report) {
  const [kept] = await recordings(page);
  await signIn(page, world);
  const [submission] = await queued(world, report.ref, 1);
  assert.equal(submission.length, kept.size);
  assert.equal(submission.film_link, undefined);
  await page.waitForFunction(() => document.querySelectorAll('#kept article').length === 0);
}

await run(flows, { ...worldOf(), arguments_: FAKE_CAMERA });
