# The demo's account for 1C; sourced by the other scripts of this folder.
source "$(dirname "${BASH_SOURCE[0]}")/../requests/demo.sh"
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# value EXPRESSION: evaluates a Python expression in which `a` is the JSON from standard input.
value() { python3 -c 'import json, sys; a = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
node=$(get "demo['exchange']['login']")
