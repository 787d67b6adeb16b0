#!/usr/bin/env bash
# Approves or rejects a report as the reviewer.
#   decide.sh approve|reject [REASON [REF_KEY]]
set -euo pipefail
source "$(dirname "$0")/demo.sh"

report=${3:-$(submitted_report)}

# The decision names the version of the report that the reviewer has seen.
answer=$(as reviewer "$base/reports/$report/video")
version=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["version"])' <<<"$answer")
decision=$(python3 -c 'import json, sys
print(json.dumps({"decision": sys.argv[1], "reason": sys.argv[2], "version": int(sys.argv[3])}))' \
  "${1:?approve or reject}" "${2:-}" "$version")
as reviewer "$base/reports/$report/decision" -H 'Content-Type: application/json' --data-binary "$decision"
