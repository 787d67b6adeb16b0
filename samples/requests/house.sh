# What the demo's house says about itself; sourced by the other scripts.
#
# FORTE_HOUSE is the folder given to `forte-media demo --data`.
house=${FORTE_HOUSE:-demo-data}/demo.json
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# ask EXPRESSION: a value of demo.json, which is called h there.
ask() { python3 -c 'import json, sys; h = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$house" "$1"; }

# token NAME: the access token of a user. It lives an hour; start the demo again for a fresh one.
token() { ask "[u for u in h['users'] if u['name'] == '$1'][0]['access_token']"; }

base=$(ask "h['base_url']")
# The report that is to get the video: an argument, or the last one of the house.
report() { [ -n "${1:-}" ] && echo "$1" || ask "h['reports'][-1]['ref_key']"; }
