#!/usr/bin/env bash
# Takes over what drivers have sent: asks for new submissions, fetches each video, acknowledges.
# Whatever stops it, the next run goes on; nothing is lost.
#   submissions.sh [FOLDER]
set -euo pipefail
source "$(dirname "$0")/account.sh"

videos=${1:-videos}
mkdir -p "$videos"

# fits FILE SHA256
fits() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$2" ]; }

# fetch FILE ID SHA256: a file that came only in part goes on where it ended; one that is whole is
# left alone; one that cannot become the right one is fetched anew.
fetch() {
  local code=0
  if fits "$1" "$3"; then return; fi
  call --continue-at - --output "$1" "$base/1c/v1/submissions/$2/file" || code=$?
  # 22: the service refused to go on from there. Anything else: the line was cut, the part is kept.
  if [ "$code" -ne 0 ] && [ "$code" -ne 22 ]; then return "$code"; fi
  if fits "$1" "$3"; then return; fi
  rm -f "$1"
  call --output "$1" "$base/1c/v1/submissions/$2/file"
  fits "$1" "$3" || { echo "$1 is not what was sent" >&2; return 1; }
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
  # Only now: everything up to here is safe.
  cursor=$(value "a['cursor']" <<<"$page")
  call "$base/1c/v1/submissions/ack" -H 'Content-Type: application/json' \
    --data-binary "{\"cursor\": $cursor}"
  echo
done
echo "nothing more"
