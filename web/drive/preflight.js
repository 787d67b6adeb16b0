// The preflight: asks with the first bytes and the index of a video whether it would be refused.

import { blobReader, topLevel } from './boxes.js';

/**
 * The form of `POST /uploads/preflight`. `details` are the fields of the upload; the limits are those of the service.
 */
export async function preflightForm(blob, details, { maxMoov, maxHead }) {
  const form = new FormData();
  for (const [name, value] of Object.entries(details)) {
    if (value !== null && value !== undefined) form.append(name, String(value));
  }
  form.append('length', String(blob.size));
  const moov = (await topLevel(blobReader(blob), blob.size)).find((box) => box.kind === 'moov');
  form.append('head', blob.slice(0, maxHead), 'head');
  // An index within the first bytes is not sent twice.
  if (moov && moov.end > maxHead && moov.end - moov.at <= maxMoov && moov.end <= blob.size) {
    form.append('moov_at', String(moov.at));
    form.append('moov', blob.slice(moov.at, moov.end), 'moov');
  }
  return form;
}

/**
 * The result of a preflight. `known` is false if there is none; the video may then be sent without it. `reason` is the
 * first reason for a refusal, or null.
 */
export function verdictOf(response) {
  const data = response?.data;
  if (!data?.verdict) return { known: false, reason: null, facts: null };
  const [reason = null] = data.reasons ?? [];
  return { known: true, reason, facts: data.facts ?? null };
}
