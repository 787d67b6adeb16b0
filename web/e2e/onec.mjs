// 1C's view of the service: its queue, events and film links.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

async function request({ base, exchange }, method, path) {
  const basic = Buffer.from(`${exchange.login}:${exchange.password}`).toString('base64');
  const response = await fetch(base + path, { method, headers: { Authorization: `Basic ${basic}` } });
  const json = await response.json();
  assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(json)}`);
  return json;
}

/** Issues a link that opens the driver's page for a report. */
export async function issueLink(world, ref) {
  return (await request(world, 'POST', `/reports/${ref}/film-link`)).data.url;
}

/** Revokes the links of a report. Returns their number. */
export async function revokeLinks(world, ref) {
  return (await request(world, 'DELETE', `/reports/${ref}/film-link`)).data.revoked;
}

/** The submissions of a report in the order of 1C's queue. */
export async function submissionsOf(world, ref) {
  const all = [];
  for (let after = 0, more = true; more;) {
    const page = await request(world, 'GET', `/1c/v1/submissions?after=${after}`);
    all.push(...page.submissions);
    after = page.cursor;
    more = page.more;
  }
  const cursors = all.map(({ cursor }) => cursor);
  assert.deepEqual(cursors, [...cursors].sort((one, other) => one - other), 'sorted by cursor');
  return all.filter(({ report_ref_key: key }) => key === ref);
}

/** The events about a report received by 1C, in the order of their arrival. */
export function eventsOf({ events }, ref) {
  const lines = existsSync(events) ? readFileSync(events, 'utf8').split('\n').filter(Boolean) : [];
  const all = lines.map((line) => JSON.parse(line));
  assert.ok(all.every(({ signature_ok: isSigned }) => isSigned));
  return all.map(({ event }) => event).filter(({ data }) => data.report_ref_key === ref);
}
