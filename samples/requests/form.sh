#!/usr/bin/env bash
# Sends a video in one form, as in the ForteLeasing document.
#   form.sh [FILE [REF_KEY]]
set -euo pipefail
source "$(dirname "$0")/demo.sh"

report=${2:-$(open_report)}
as driver "$base/reports/upload" \
  -F ref_key="$report" \
  -F file=@"${1:-$here/../inspection.mp4};type=video/mp4" \
  -F time_sent="$(date -u +%FT%TZ)" \
  -F lat=43.238949 \
  -F long=76.889709
