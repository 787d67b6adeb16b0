#!/usr/bin/env bash
# Prints the key of a report that waits for a video of the demo's driver.
set -euo pipefail
source "$(dirname "$0")/demo.sh"
open_report
