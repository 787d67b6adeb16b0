#!/usr/bin/env bash
# Takes over what drivers have sent: asks for new submissions, fetches each video, acknowledges.
# Whatever stops it, the next run goes on; nothing is lost.
#   submissions.sh [FOLDER]
set -euo pipefail
source "$(dirname "$0")/account.sh"

videos=${1:-videos}
mkdir -p "$videos"
while
  page=$(call "$base/1c/v1/submissions?limit=100")
  count=$(value "len(a['submissions'])" <<<"$page")
  [ "$count" -gt 0 ]
do
  for at in $(seq 0 $((count - 1))); do
    id=$(value "a['submissions'][$at]['submission_id']" <<<"$page")
    report=$(value "a['submissions'][$at]['report_ref_key']" <<<"$page")
    sha256=$(value "a['submissions'][$at]['sha256']" <<<"$page")
    # A file that came only in part goes on where it ended.
    call --continue-at - --output "$videos/$id.mp4" "$base/1c/v1/submissions/$id/file"
    [ "$(sha256sum <"$videos/$id.mp4" | cut -d ' ' -f 1)" = "$sha256" ]
    echo "report $report: $videos/$id.mp4"
  done
  # Only now: everything up to here is safe.
  cursor=$(value "a['cursor']" <<<"$page")
  call "$base/1c/v1/submissions/ack" -H 'Content-Type: application/json' \
    --data-binary "{\"cursor\": $cursor}"
  echo
done
echo "nothing more"
