// The lifecycle of a report in Chromium: a driver records a video, a reviewer rejects it, the driver records another
// one, a reviewer approves it, and 1C receives both. The world is that of the driver's page and the console, with
// `exchange` (login and password of 1C) and `events` (the file of events received by 1C).

import assert from 'node:assert/strict';

import {
  FAKE_CAMERA, filesOf, openCamera, phone, readyToSend, record, recordings, send, sent, signedIn, signIn,
  startCamera, textOf, waitForRecorded, waitForText,
} from './driver.mjs';
import { check, checkAccessibility, readWorld, run, waitUntil } from './harness.mjs';
import { eventsOf, issueLink, revokeLinks, submissionsOf } from './onec.mjs';
import { approve, DECISION_DELAY, find, reject, reviewer, shown, watch } from './reviewer.mjs';
import { networkOf } from './faults.mjs';

const REASON = 'Снимите, пожалуйста, днём.';
const DRIVER = { name: 'Серик', mobile: '+7 701 111 22 33' };

const flows = {
  'a report is rejected, recorded again and approved, and 1C receives both videos': async (browser, world) => {
    const driver = await signedIn(browser, world);
    const report = await unfilmedReport(driver);
    await check(driver, 'list');
    await openCamera(driver, report.ref);
    await record(driver, 4);
    await send(driver);
    await checkAccessibility(driver, 'sent');

    const laptop = await reviewer(browser, world);
    await find(laptop, report);
    await watch(laptop);
    const items = await reject(laptop, REASON);

    await waitUntil(() => isRejected(driver, report), 'the driver sees the rejection');
    await check(driver, 'rejected, in the list');
    const reasons = await cardOf(driver, report).locator('.notice').innerText();
    checkReasons(reasons, items);
    await driver.goto(`/drive/report/${report.ref}`);
    await checkReasonsShown(driver, items);
    await openCamera(driver, report.ref);
    await record(driver, 5);
    await send(driver);

    await find(laptop, report);
    await watch(laptop);
    await approve(laptop);
    await checkReceivedByOnec(world, report);
    await driver.goto('/drive');
    await check(driver, 'approved, in the list');
    assert.equal(await cardOf(driver, report).count(), 0, 'nothing to film');
    assert.ok((await driver.locator('article', { hasText: report.plate }).locator('.tag.mine').allTextContents()).includes(await textOf(driver, 'status.3')));
    assert.deepEqual(laptop.problems, []);
    await close(driver, laptop);
  },

  'the same with a film link, on a phone without a sign-in': async (browser, world) => {
    const report = await reportWithoutVideo(browser, world);
    const link = await issueLink(world, report.ref);
    const driver = await phone(browser, world);
    await driver.goto(link);
    await driver.waitForSelector('#link-who');
    await check(driver, 'identity form');
    await openByLink(driver, report);
    await check(driver, 'report of a film link');
    await startCamera(driver);
    await record(driver, 4);
    await send(driver);
    await checkAccessibility(driver, 'sent by a film link');
    await checkStartPage(driver, report);
    await check(driver, 'film link after sending');
    assert.match(await driver.innerText('main'), new RegExp(await textOf(driver, 'drive.link_done')));

    const laptop = await reviewer(browser, world);
    await find(laptop, report);
    await watch(laptop);
    const items = await reject(laptop, REASON);

    await waitUntil(() => isReopened(driver, report), 'the report is open again');
    await driver.goto(link);
    await openByLink(driver, report);
    await checkReasonsShown(driver, items);
    await startCamera(driver);
    await record(driver, 5);
    await send(driver);

    await find(laptop, report);
    await watch(laptop);
    await approve(laptop);
    const submissions = await checkReceivedByOnec(world, report);
    for (const { film_link: by } of submissions) {
      assert.deepEqual(by, { issuer: `node:${world.exchange.login}`, ...DRIVER }, JSON.stringify(by));
    }
    await driver.goto(link);
    await checkLinkFails(driver, 'drive.closed');
    await checkStartPage(driver, report);
    assert.match(await driver.innerText('main'), new RegExp(await textOf(driver, 'drive.closed')));
    await close(driver, laptop);
  },

  'only one of two reviewers can decide a report, and the other one is informed': async (browser, world) => {
    const driver = await signedIn(browser, world);
    const report = await unfilmedReport(driver);
    await openCamera(driver, report.ref);
    await record(driver, 4);
    await send(driver);
    const accounts = [world.reviewer, world.colleague];
    const laptops = await Promise.all(accounts.map((account) => reviewer(browser, { ...world, reviewer: account })));
    await Promise.all(laptops.map((page) => page.goto(`/review/report/${report.ref}`)));
    await Promise.all(laptops.map(shown));
    const [first, second] = await byClaim(laptops);
    assert.ok((await second.locator('[data-part="claim"]').innerText()).includes(await nameOf(first)), 'names the holder of the claim');
    await checkAccessibility(second, 'the report of another reviewer');
    await Promise.all(laptops.map(watch));
    // The second reviewer takes the claim over. The page of the first has not been updated yet.
    await second.locator('[data-part="take-over"] button').click();
    await second.locator('[data-part="claim"]').waitFor({ state: 'hidden' });
    await second.waitForTimeout(DECISION_DELAY);
    const outcomes = await Promise.all([approveAndWait(first), approveAndWait(second)]);
    assert.deepEqual(outcomes.toSorted(), ['decided', 'refused']);
    const [informed, deciding] = outcomes[0] === 'refused' ? [first, second] : [second, first];
    await checkAccessibility(informed, 'refused decision');
    await checkDecidedOnce(deciding, world, report);
    // A further decision is refused too, with the name of the reviewer who has decided.
    assert.equal(await approveAndWait(informed), 'refused');
    const why = await informed.locator('[data-part="notice"]').innerText();
    for (const part of [await nameOf(deciding), await textOf(informed, 'decision.changed')]) assert.ok(why.includes(part), why);
    await checkDecidedOnce(deciding, world, report);
    await close(driver, ...laptops);
  },

  'a recording survives a link revoked while recording, and is sent after a sign-in': async (browser, world) => {
    const report = await reportWithoutVideo(browser, world);
    const driver = await phone(browser, world);
    await driver.goto(await issueLink(world, report.ref));
    await openByLink(driver, report, world);
    await startCamera(driver);
    await driver.click('[data-do="start"]');
    await driver.waitForSelector('.camera[data-phase="recording"]');
    await revokeLinks(world, report.ref);
    await waitForRecorded(driver, 4);
    await driver.click('[data-do="stop"]');
    await readyToSend(driver);
    await driver.click('[data-do="send"]');
    await checkLinkExpired(driver);
    await sendAfterSignIn(driver, world, report);
    await close(driver);
  },

  'another driver who signs in neither sends nor deletes the recording of a link': async (browser, world) => {
    const report = await reportWithoutVideo(browser, world);
    const driver = await phone(browser, world);
    await driver.goto(await issueLink(world, report.ref));
    await openByLink(driver, report);
    await startCamera(driver);
    await record(driver, 4);
    await revokeLinks(world, report.ref);
    await driver.click('[data-do="send"]');
    await checkLinkExpired(driver);
    const [stored] = await recordings(driver);
    await signIn(driver, world);
    await waitForText(driver, 'other', 'drive.kept_other', { name: `${DRIVER.name} (…2233)` });
    await checkAccessibility(driver, 'the video of another driver');
    assert.equal(await driver.locator('#kept article').count(), 0);
    await openCamera(driver, report.ref);
    await record(driver, 4);
    await send(driver);
    const [submission] = await waitForQueue(world, report.ref, 1);
    assert.notEqual(submission.length, stored.size);
    assert.ok((await recordings(driver)).some(({ id, state }) => id === stored.id && state === stored.state));
    assert.ok((await filesOf(driver)).includes(stored.name));
    await close(driver);
  },

  'a recording survives a link revoked before sending, and is sent by the next link': async (browser, world) => {
    const report = await reportWithoutVideo(browser, world);
    const driver = await phone(browser, world);
    const link = await issueLink(world, report.ref);
    await driver.goto(link);
    await openByLink(driver, report);
    await startCamera(driver);
    await record(driver, 4);
    const network = await networkOf(driver);
    await network.away();
    await driver.click('[data-do="send"]');
    await driver.waitForSelector('[data-screen="sending"] [data-show="state"]:not([hidden])');
    await revokeLinks(world, report.ref);
    await network.back();
    await checkLinkExpired(driver);
    // A reload shows the same text.
    await driver.reload();
    await driver.waitForFunction((text) => document.querySelector('main').innerText.includes(text), await textOf(driver, 'drive.film_link_old'));
    await checkAccessibility(driver, 'reloaded');
    await driver.goto(link);
    await checkLinkFails(driver, 'drive.film_link_old');
    // The new link differs only in its fragment.
    await sendByNewLink(driver, world, report);
    await close(driver);
  },
};

const close = (...pages) => Promise.all(pages.map((page) => page.context().close()));

const cardOf = (page, { ref }) => page.locator('article', { has: page.locator(`a[href="/drive/report/${ref}"]`) });

/** A report from the list without a video, of a vehicle type with instructions. */
async function unfilmedReport(page) {
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

/** The same, looked up in a separate session. */
async function reportWithoutVideo(browser, world) {
  const page = await signedIn(browser, world);
  const report = await unfilmedReport(page);
  await close(page);
  return report;
}

/** Whether the list shows the rejection. */
async function isRejected(page, report) {
  await page.goto('/drive');
  return (await cardOf(page, report).locator('.notice.bad').count()) > 0;
}

/** Whether the report of a film link is open again. */
async function isReopened(page, report) {
  await checkStartPage(page, report);
  return page.isVisible('div.notice.bad');
}

/** Asserts that the reasons contain the items. Compares in lower case: items are part of a sentence. */
function checkReasons(reasons, items) {
  for (const line of [...items, REASON]) assert.ok(reasons.toLowerCase().includes(line.toLowerCase()), `${line}: ${reasons}`);
}

/** Asserts that the page of a report shows the reasons and marks the items. */
async function checkReasonsShown(page, items) {
  await check(page, 'rejected');
  const reasons = await page.locator('[data-screen="show"] div.notice.bad').innerText();
  checkReasons(reasons, items);
  assert.deepEqual(await page.locator('.items .marked .grow').allTextContents(), items);
}

/** Fills in the identity form of a film link, which opens its report. */
async function openByLink(page, { ref }, { name, mobile } = DRIVER) {
  await page.fill('#name', name);
  await page.fill('#mobile', mobile);
  await Promise.all([page.waitForURL(({ pathname }) => pathname === `/drive/report/${ref}`), page.click('#link-who .dock button')]);
}

/** Fills in the identity form of a film link and asserts that it fails with a text. */
async function checkLinkFails(page, key) {
  await page.fill('#name', DRIVER.name);
  await page.click('#link-who .dock button');
  await page.waitForSelector('[data-screen="link-failed"]:not([hidden])');
  await checkAccessibility(page, `a link that fails, ${key}`);
  assert.equal(await page.textContent('[data-show="why"]'), await textOf(page, key));
}

/** Asserts that the start page of a phone with only a film link is the report of the link. */
async function checkStartPage(page, { ref }) {
  await page.goto('/drive');
  assert.equal(new URL(page.url()).pathname, `/drive/report/${ref}`);
}

/** Asserts that 1C has received both videos and decisions in order. Returns the submissions. */
async function checkReceivedByOnec(world, { ref }) {
  const decisions = () => eventsOf(world, ref).filter(({ type }) => type === 'report.decided');
  await waitUntil(() => decisions().length === 2, '1C receives the decisions');
  const submissions = await waitForQueue(world, ref, 2);
  assert.deepEqual(submissions.map(({ status_code: status }) => status), [3, 3], 'both with the current state');
  const [first, second] = submissions.map(({ submission_id: id }) => id);
  assert.notEqual(submissions[0].sha256, submissions[1].sha256);
  const received = eventsOf(world, ref).map(({ type, data }) => [type, data.submission_id, data.status_code]);
  assert.deepEqual(received, [
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

/** Waits until 1C's queue contains `count` submissions of a report, and returns them. */
async function waitForQueue(world, ref, count) {
  let found = [];
  await waitUntil(async () => (found = await submissionsOf(world, ref)).length >= count, 'in the queue of 1C');
  assert.equal(found.length, count);
  return found;
}

/** The pages of two reviewers: first the holder of the claim, then the other one. */
async function byClaim(pages) {
  const bars = () => Promise.all(pages.map((page) => page.locator('[data-part="claim"]').isVisible()));
  await waitUntil(async () => (await bars()).filter(Boolean).length === 1, 'one reviewer holds the claim');
  return (await bars())[0] ? pages.toReversed() : pages;
}

const nameOf = (page) => page.locator('.account .name').innerText();

/** Asserts that the list of the day and the events for 1C contain one decision. */
async function checkDecidedOnce(page, world, { ref }) {
  const decisions = () => eventsOf(world, ref).filter(({ type }) => type === 'report.decided').length;
  await waitUntil(() => decisions() > 0, '1C receives the decision');
  await page.goto('/review/day');
  assert.equal(await page.locator(`tr[data-row*="${ref}"]`).count(), 1, 'one decision');
  assert.equal(decisions(), 1);
}

/** Approves by keyboard. Returns `decided`, or `refused` if a notice is shown. */
async function approveAndWait(page) {
  await page.evaluate(() => { document.querySelector('[data-part="notice"]').hidden = true; });
  const { pathname } = new URL(page.url());
  const state = async () => {
    const handle = await page.waitForFunction((path) => {
      if (location.pathname !== path) return 'decided';
      if (document.querySelector('[data-part="notice"]')?.checkVisibility()) return 'refused';
      return document.querySelector('[data-show="confirm"]')?.checkVisibility() && 'unconfirmed';
    }, pathname);
    return handle.jsonValue();
  };
  await page.keyboard.press('a');
  const first = await state();
  if (first !== 'unconfirmed') return first;
  // Must not be mistaken for the response to the second key press.
  await page.evaluate(() => { document.querySelector('[data-show="confirm"]').hidden = true; });
  await page.keyboard.press('a');
  return state();
}

/** Asserts that the page says that the link has expired, and that the recording is still stored. */
async function checkLinkExpired(page) {
  await page.waitForSelector('[data-screen="failed"]:not([hidden])');
  assert.equal(await page.textContent('[data-show="failed"]'), await textOf(page, 'drive.film_link_old'));
  await checkAccessibility(page, 'an expired link');
  const [stored] = await recordings(page);
  assert.ok(['ready', 'sending'].includes(stored.state), stored.state);
  const size = await page.evaluate(async (name) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('drive');
    return (await (await folder.getFileHandle(name)).getFile()).size;
  }, stored.name);
  assert.ok(size > 0 && size === stored.size, `${size} of ${stored.size} bytes`);
}

/** Sends the stored recording with a new link for the report. */
async function sendByNewLink(page, world, report) {
  const [stored] = await recordings(page);
  await page.goto(await issueLink(world, report.ref));
  await openByLink(page, report);
  await page.waitForFunction(() => ['kept', 'sending', 'sent'].includes(document.body.dataset.shown));
  if (await page.isVisible('[data-do="kept-send"]')) {
    await page.click('[data-do="kept-send"]');
    await page.click('[data-do="send"]:not([aria-disabled])');
  }
  await sent(page);
  const [submission] = await waitForQueue(world, report.ref, 1);
  assert.equal(submission.length, stored.size);
}

/** Signs in as the driver of the recording, which is then sent. */
async function sendAfterSignIn(page, world, report) {
  const [stored] = await recordings(page);
  await signIn(page, world);
  const [submission] = await waitForQueue(world, report.ref, 1);
  assert.equal(submission.length, stored.size);
  assert.equal(submission.film_link, undefined);
  await page.waitForFunction(() => document.querySelectorAll('#kept article').length === 0);
}

await run(flows, { ...readWorld(), arguments_: FAKE_CAMERA });
