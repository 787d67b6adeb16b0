#!/usr/bin/env bash
# Sends one signed event to a receiver, such as the HTTP service of webhook.bsl, like forte-media does.
#   WEBHOOK_SECRET=whsec_… webhook.sh URL [USER:PASSWORD]
# Prints the HTTP status: 204 if the event is stored, 401 if the signature or the password is wrong.
set -euo pipefail

url=${1:?the address of the receiver} user=${2:-}
secret=${WEBHOOK_SECRET:?the secret of notify.webhook.secret}
id=0196c8a0-1111-7000-8000-000000000001 at=$(date +%s)
body='{"type":"report.decided","timestamp":"2026-05-13T05:00:00Z","data":{"report_ref_key":"8d1c93a2-d1bd-11ec-8a4e-005056aaa4ae","submission_id":null,"status_code":3,"reason":"","decided_by":"person:900","decided_at":"2026-05-13T05:00:00Z","version":2}}'

key=$(printf %s "${secret#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
signature=$(printf %s "$id.$at.$body" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
curl -sS -o /dev/null -w '%{http_code}\n' ${user:+--user "$user"} "$url" \
  -H 'Content-Type: application/json' -H "webhook-id: $id" -H "webhook-timestamp: $at" \
  -H "webhook-signature: v1,$signature" --data-binary "$body"
