#!/usr/bin/env bash
# Reads new submissions, downloads each video, and acknowledges them. If it is interrupted, the next run
# continues and nothing is lost.
#   submissions.sh [FOLDER]
set -euo pipefail
source "$(dirname "$0")/account.sh"

videos=${1:-videos}
mkdir -p "$videos"

# matches FILE SHA256
matches() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$2" ]; }

# fetch FILE ID SHA256: resumes an incomplete file, keeps a complete one, and downloads a wrong one again.
fetch() {
  local code=0
  if matches "$1" "$3"; then return; fi
  call --continue-at - --output "$1" "$base/1c/v1/submissions/$2/file" || code=$?
  # 22: the service refused the range. Other codes: the connection was lost, and the part is kept.
  if [ "$code" -ne 0 ] && [ "$code" -ne 22 ]; then return "$code"; fi
  if matches "$1" "$3"; then return; fi
  rm -f "$1"
  call --output "$1" "$base/1c/v1/submissions/$2/file"
  matches "$1" "$3" || { echo "$1 does not have the declared SHA-256" >&2; return 1; }
}

while
  page=$(call "$base/1c/v1/submissions?limit=100")
  count=$(value "len(a['submissions'])" <<<"$page")
  [ "$count" -gt 0 ]
do
  for at in $(seq 0 $((count - 1))); do
    id=$(value "a['submissions'][$at]['submission_id']" <<<"$page")
    report=$(value "a['submissions'][$at]['report_ref_key']" <<<"$page")
    sha256=$(value "a['submissions'][$at]['sha256']" <<<"$page")
    fetch "$videos/$id.mp4" "$id" "$sha256"
    echo "report $report: $videos/$id.mp4"
  done
  # Acknowledged only after everything is stored.
  cursor=$(value "a['cursor']" <<<"$page")
  call "$base/1c/v1/submissions/ack" -H 'Content-Type: application/json' \
    --data-binary "{\"cursor\": $cursor}"
  echo
done
echo "no more submissions"
