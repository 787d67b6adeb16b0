# Functions that read the demo's `demo.json`; sourced by the other scripts.
#
# FORTE_DEMO_DATA is the folder given to `forte-media demo --data`.
demo=${FORTE_DEMO_DATA:-demo-data}/demo.json
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# get EXPRESSION: evaluates a Python expression in which `demo` is the content of demo.json.
get() { python3 -c 'import json, sys; demo = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$demo" "$1"; }

# token NAME: the access token of `driver`, `director`, `stranger` or `reviewer`. It expires after an hour;
# restart the demo for a new one.
token() {
  if [ "$1" = reviewer ]; then get "demo['reviewer']['access_token']"; return; fi
  get "[u for u in demo['users'] if u['name'] == '$1'][0]['access_token']"
}

base=$(get "demo['base_url']")

# ask ARGUMENTS…: curl that prints the body of a response; that of an error goes to standard error, and the
# script ends.
ask() {
  local body
  if body=$(curl --silent --show-error --fail-with-body "$@"); then
    printf '%s\n' "$body"
  else
    printf '%s\n' "$body" >&2
    return 1
  fi
}

# as NAME ARGUMENTS…: a request with the access token of a user.
as() { ask -H "Authorization: Bearer $(token "$1")" "${@:2}"; }

# call ARGUMENTS…: curl as the exchange account. The password is not visible in the process list.
call() {
  ask --max-time 180 --config - "$@" <<CONFIG
user = "$(get "demo['exchange']['login']"):$(get "demo['exchange']['password']")"
CONFIG
}

# open_report: the key of a report that waits for a video of the driver.
open_report() {
  local answer
  answer=$(as driver "$base/reports/general/filter/1?limit=1") || return
  python3 -c 'import json, sys
reports = json.load(sys.stdin)["data"]["reports"]
rows = reports["important"] + reports["general"]
print(rows[0]["ref_key"] if rows else sys.exit("no report waits for a video; start the demo with --reports 20"))' <<<"$answer"
}

# submitted_report: the key of the report that got a video last, and has not been decided.
submitted_report() {
  local answer
  answer=$(call "$base/1c/v1/submissions?after=0&limit=1000") || return
  python3 -c 'import json, sys
rows = [row for row in json.load(sys.stdin)["submissions"] if row["status_code"] == 2]
print(rows[-1]["report_ref_key"] if rows else sys.exit("no video waits for a decision; send one first"))' <<<"$answer"
}
