// What 1C sees of the service in the tests of the pages: its queue, the events, links for filming.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

async function ask({ base, exchange }, method, path) {
  const basic = Buffer.from(`${exchange.login}:${exchange.password}`).toString('base64');
  const answer = await fetch(base + path, { method, headers: { Authorization: `Basic ${basic}` } });
  const json = await answer.json();
  assert.ok(answer.ok, `${method} ${path}: ${JSON.stringify(json)}`);
  return json;
}

/** Issues a link that opens the driver's page for a report. */
export async function issueLink(world, ref) {
  return (await ask(world, 'POST', `/reports/${ref}/film-link`)).data.url;
}

/** Revokes the links of a report; returns how many have ended. */
export async function revokeLinks(world, ref) {
  return (await ask(world, 'DELETE', `/reports/${ref}/film-link`)).data.revoked;
}

/** The submissions of a report in 1C's queue, in its order. */
export async function submissionsOf(world, ref) {
  const all = [];
  for (let after = 0, more = true; more;) {
    const page = await ask(world, 'GET', `/1c/v1/submissions?after=${after}`);
    all.push(...page.submissions);
    after = page.cursor;
    more = page.more;
  }
  const cursors = all.map(({ cursor }) => cursor);
  assert.deepEqual(cursors, [...cursors].sort((one, other) => one - other), 'in the order of the cursors');
  return all.filter(({ report_ref_key: key }) => key === ref);
}

/** The events about a report that have reached 1C, in the order of their arrival. */
export function eventsOf({ events }, ref) {
  const lines = existsSync(events) ? readFileSync(events, 'utf8').split('\n').filter(Boolean) : [];
  const all = lines.map((line) => JSON.parse(line));
  assert.ok(all.every(({ signature_ok: isSigned }) => isSigned));
  return all.map(({ event }) => event).filter(({ data }) => data.report_ref_key === ref);
}
