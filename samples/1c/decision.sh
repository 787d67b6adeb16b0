#!/usr/bin/env bash
# Decides on a report that has a video: approves it, or rejects it with a reason.
#   decision.sh REF_KEY [REASON]
set -euo pipefail
source "$(dirname "$0")/account.sh"

decision=approve
if [ -n "${2:-}" ]; then decision=reject; fi
export REF_KEY=${1:?the key of a report} REASON=${2:-} DECISION=$decision NODE=$node
NUMBER=$(date +%s) python3 -c '
import json, os
e = os.environ
item = {"type": "decision", "ref_key": e["REF_KEY"], "decision": e["DECISION"],
        "reject_reason": e["REASON"]}
print(json.dumps({"node": e["NODE"], "message_no": int(e["NUMBER"]), "items": [item]}))
' >"${TMPDIR:-/tmp}/decision.$$.json"
trap 'rm -f "${TMPDIR:-/tmp}/decision.$$.json"' EXIT
call "$base/1c/v1/messages" -H 'Content-Type: application/json' \
  --data-binary @"${TMPDIR:-/tmp}/decision.$$.json"
echo
