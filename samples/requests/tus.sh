#!/usr/bin/env bash
# Sends a video with tus in two PATCH requests, as an app does after its connection was cut.
#   tus.sh [FILE [REF_KEY]]
set -euo pipefail
source "$(dirname "$0")/demo.sh"

file=${1:-$here/../inspection.mp4}
length=$(wc -c <"$file" | tr -d ' ')
tus='Tus-Resumable: 1.0.0'

# pair KEY VALUE: a pair of Upload-Metadata.
pair() { printf '%s %s' "$1" "$(printf '%s' "$2" | base64 | tr -d '\n')"; }
# field NAME: the value of a header of the response on standard input.
field() { tr -d '\r' | grep -i "^$1: " | cut -d ' ' -f 2; }

report=${2:-$(open_report)}
metadata=$(pair ref_key "$report"),$(pair time_sent "$(date -u +%FT%TZ)")
metadata+=,$(pair lat 43.238949),$(pair long 76.889709),$(pair filename "$(basename "$file")")

created=$(as driver --dump-header - -X POST "$base/uploads" \
  -H "$tus" -H "Upload-Length: $length" -H "Upload-Metadata: $metadata")
upload=$(field location <<<"$created")
echo "created: $upload"

# offset: the number of bytes that have arrived.
offset() { curl --silent --show-error --fail --head -H "$tus" "$upload" | field upload-offset; }
# send OFFSET: appends standard input at the offset.
send() {
  curl --silent --show-error --fail-with-body -X PATCH --data-binary @- "$upload" \
    -H "$tus" -H "Upload-Offset: $1" -H 'Content-Type: application/offset+octet-stream'
}

head -c $((length / 2)) "$file" | send 0
at=$(offset)
echo "arrived: $at of $length"
tail -c +$((at + 1)) "$file" | send "$at"
echo "arrived: $(offset) of $length"
