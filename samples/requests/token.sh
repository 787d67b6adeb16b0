#!/usr/bin/env bash
# Prints an access token of the demo.
#   token.sh driver|director|stranger|reviewer
set -euo pipefail
source "$(dirname "$0")/demo.sh"
token "${1:?driver, director, stranger or reviewer}"
