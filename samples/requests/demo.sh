# Functions that read the demo's `demo.json`; sourced by the other scripts.
#
# FORTE_DEMO_DATA is the folder given to `forte-media demo --data`.
demo=${FORTE_DEMO_DATA:-demo-data}/demo.json
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# get EXPRESSION: evaluates a Python expression in which `demo` is the content of demo.json.
get() { python3 -c 'import json, sys; demo = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$demo" "$1"; }

# token NAME: the access token of a user. It expires after an hour; restart the demo for a new one.
token() { get "[u for u in demo['users'] if u['name'] == '$1'][0]['access_token']"; }

base=$(get "demo['base_url']")
# report [REF_KEY]: the argument, or the key of the demo's last report.
report() { [ -n "${1:-}" ] && echo "$1" || get "demo['reports'][-1]['ref_key']"; }
