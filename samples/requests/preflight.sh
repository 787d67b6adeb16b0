#!/usr/bin/env bash
# Asks whether a video would be refused before it is sent: its first bytes and its `moov` are enough.
#   preflight.sh [FILE [REF_KEY]]
set -euo pipefail
source "$(dirname "$0")/demo.sh"

file=${1:-$here/../inspection.mp4}
length=$(wc -c <"$file" | tr -d ' ')
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
head -c 65536 "$file" >"$parts/head"
sha256=$(python3 -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$file")

# Walks the top-level boxes and prints the position and the size of `moov`.
moov=$(python3 - "$file" <<'WALK'
import os, struct, sys
with open(sys.argv[1], 'rb') as file:
    at, end = 0, os.fstat(file.fileno()).st_size
    while at < end:
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:
            break
        size, kind = struct.unpack('>I4s', header[:8])
        if size == 1 and len(header) == 16:
            size = struct.unpack('>Q', header[8:])[0]
        size = size or end - at
        if kind == b'moov':
            print(at, min(size, end - at))
            break
        at += max(size, 8)
WALK
)
fields=()
if [ -n "$moov" ]; then
  read -r at size <<<"$moov"
  # Not sent separately if the first bytes contain it.
  if [ $((at + size)) -gt 65536 ]; then
    tail -c +$((at + 1)) "$file" | head -c "$size" >"$parts/moov" || true
    fields=(-F moov_at="$at" -F moov=@"$parts/moov")
  fi
fi

report=${2:-$(open_report)}
answer=$(as driver "$base/uploads/preflight" \
  -F ref_key="$report" \
  -F time_sent="$(date -u +%FT%TZ)" \
  -F lat=43.238949 \
  -F long=76.889709 \
  -F length="$length" \
  -F sha256="$sha256" \
  -F head=@"$parts/head" \
  ${fields[@]+"${fields[@]}"})
printf '%s\n' "$answer"
python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)["data"]["verdict"] == "refused")' <<<"$answer"
