#!/usr/bin/env bash
# Sends one object to its own path, as a button "send again" in its form does.
#   object.sh [REF_KEY]
set -euo pipefail
source "$(dirname "$0")/account.sh"

call -X PUT "$base/1c/v1/vehicle-types/${1:-6b1c93a2-d1bd-11ec-8a4e-005056aaa4ae}" \
  -H 'Content-Type: application/json' --data-binary '{
    "title": "Самосвал 25 т",
    "instructions": [
      { "no": 1, "text": "Снимите показания одометра" },
      { "no": 2, "text": "Обойдите машину кругом" },
      { "no": 3, "text": "Поднимите кузов" }
    ]
  }'
echo
