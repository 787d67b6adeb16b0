# The demo's account for 1C; sourced by the other scripts of this folder.
source "$(dirname "${BASH_SOURCE[0]}")/../requests/demo.sh"
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# call ARGUMENTS…: curl as the exchange account. The password is not visible in the process list.
call() {
  curl --silent --show-error --fail-with-body --max-time 180 --config - "$@" <<CONFIG
user = "$(get "demo['exchange']['login']"):$(get "demo['exchange']['password']")"
CONFIG
}

# value EXPRESSION: evaluates a Python expression in which `a` is the JSON from standard input.
value() { python3 -c 'import json, sys; a = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
node=$(get "demo['exchange']['login']")
