#!/usr/bin/env bash
# Requests a report's video as the reviewer, and downloads it by its short-lived link.
#   watch.sh [REF_KEY [FILE]]
set -euo pipefail
source "$(dirname "$0")/demo.sh"

answer=$(as reviewer "$base/reports/${1:-$(submitted_report)}/video")
python3 -m json.tool <<<"$answer"
link=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["link"])' <<<"$answer")

echo "the first 32 bytes:"
curl --silent --show-error --fail --range 0-31 "$link" | od -A d -c
curl --silent --show-error --fail --output "${2:-watched.mp4}" "$link"
echo "saved as ${2:-watched.mp4}"
