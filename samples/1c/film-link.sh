#!/usr/bin/env bash
# Issues a film link, by which a driver films for a report without signing in. With --revoke, revokes all of them.
#   film-link.sh REF_KEY [--revoke]
set -euo pipefail
source "$(dirname "$0")/account.sh"

method=POST
if [ "${2:-}" = --revoke ]; then method=DELETE; fi
call -X "$method" "$base/reports/${1:?the key of a report}/film-link"
echo
