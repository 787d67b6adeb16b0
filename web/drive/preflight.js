// The question whether a video would be refused, asked with its first bytes and its index.

import { blobReader, topLevel } from './boxes.js';

/** The form of `POST /uploads/preflight`. `details` are the fields of the upload, the limits those of the service. */
export async function preflightForm(blob, details, { maxMoov, maxHead }) {
  const form = new FormData();
  for (const [name, value] of Object.entries(details)) {
    if (value !== null && value !== undefined) form.append(name, String(value));
  }
  form.append('length', String(blob.size));
  const moov = (await topLevel(blobReader(blob), blob.size)).find((box) => box.kind === 'moov');
  form.append('head', blob.slice(0, maxHead), 'head');
  // An index that is in the first bytes need not be sent twice.
  if (moov && moov.end > maxHead && moov.end - moov.at <= maxMoov && moov.end <= blob.size) {
    form.append('moov_at', String(moov.at));
    form.append('moov', blob.slice(moov.at, moov.end), 'moov');
  }
  return form;
}

/**
 * What the check screen shows: the first reason, and whether the list of facts is fine.
 *
 * A preflight is an offer: if it cannot be answered, the video is sent without it.
 */
export function verdictOf(answer) {
  const data = answer?.data;
  if (!data?.verdict) return { known: false, reason: null, facts: null };
  const [reason = null] = data.reasons ?? [];
  return { known: true, reason, facts: data.facts ?? null };
}
