#!/usr/bin/env bash
# Sends the picture of a vehicle type: PNG or JPEG, at most 2 MiB. Phones get it re-encoded.
#   picture.sh [FILE [REF_KEY]]
set -euo pipefail
source "$(dirname "$0")/account.sh"

call -X PUT "$base/1c/v1/vehicle-types/${2:-6b1c93a2-d1bd-11ec-8a4e-005056aaa4ae}/image" \
  -H 'Content-Type: image/png' --data-binary @"${1:-$folder/truck.png}"
echo
