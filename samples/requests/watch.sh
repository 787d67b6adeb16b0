#!/usr/bin/env bash
# Requests a report's video as the reviewer, and downloads it by its short-lived link.
#   watch.sh [REF_KEY [FILE]]
set -euo pipefail
source "$(dirname "$0")/demo.sh"

report=${1:-$(submitted_report)}
answer=$(as reviewer "$base/reports/$report/video")
python3 -m json.tool <<<"$answer"
link=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["link"])' <<<"$answer")

echo "the first 32 bytes:"
curl --silent --show-error --fail-with-body --range 0-31 "$link" | od -A d -c
curl --silent --show-error --fail-with-body --output "${2:-watched.mp4}" "$link" || {
  status=$?
  cat "${2:-watched.mp4}" >&2
  rm -f "${2:-watched.mp4}"
  exit $status
}
echo "saved as ${2:-watched.mp4}"
