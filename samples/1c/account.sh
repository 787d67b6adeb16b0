# The demo's account for 1C; sourced by the other scripts of this folder.
source "$(dirname "${BASH_SOURCE[0]}")/../requests/house.sh"
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# call ARGUMENTS…: curl as the exchange account. The password does not appear among the processes.
call() {
  curl --silent --show-error --fail-with-body --max-time 180 --config - "$@" <<CONFIG
user = "$(ask "h['exchange']['login']"):$(ask "h['exchange']['password']")"
CONFIG
}

# value EXPRESSION: reads JSON from standard input; it is called a there.
value() { python3 -c 'import json, sys; a = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
node=$(ask "h['exchange']['login']")
