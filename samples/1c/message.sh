#!/usr/bin/env bash
# Sends a message of 1C: a company, its director, a type, a contract, a vehicle, a report, a driver.
# Then repeats it, as 1C does when the response was lost: the same reply, and nothing is applied twice.
#   message.sh [MESSAGE_NO]
set -euo pipefail
source "$(dirname "$0")/account.sh"

number=${1:-$(date +%s)}
company=5a1c93a2-d1bd-11ec-8a4e-005056aaa4ae
type=6b1c93a2-d1bd-11ec-8a4e-005056aaa4ae
contract=7d1c93a2-d1bd-11ec-8a4e-005056aaa4ae
vehicle=7c1c93a2-d1bd-11ec-8a4e-005056aaa4ae

message=$(cat <<JSON
{
  "node": "$node", "message_no": $number, "received_no": 0,
  "items": [
    { "type": "company", "ref_key": "$company", "version": $number, "kind": "company",
      "biin": "200940026146", "name": "ТОО «Пример из 1С»", "email": "office@example.test",
      "active": true },
    { "type": "user", "ref_key": "8e1c93a2-d1bd-11ec-8a4e-005056aaa4ae", "version": $number,
      "company_ref": "$company", "role": "admin", "first_name": "Айгуль", "last_name": "Сапарова",
      "patronic_name": "", "mobile": "+7 701 000 00 01", "email": "", "active": true },
    { "type": "vehicle_type", "ref_key": "$type", "version": $number, "title": "Самосвал",
      "instructions": [
        { "no": 1, "text": "Снимите показания одометра", "short": "Пробег",
          "kk": "Жүрген жолы", "en": "Odometer" },
        { "no": 2, "text": "Обойдите машину кругом", "short": "Все стороны",
          "kk": "Барлық жағы", "en": "All sides" }] },
    { "type": "contract", "ref_key": "$contract", "version": $number, "company_ref": "$company",
      "number": "№ 12/3", "date_end": "2030-01-31T00:00:00" },
    { "type": "vehicle", "ref_key": "$vehicle", "version": $number, "company_ref": "$company",
      "type_ref": "$type", "contract_ref": "$contract", "plate_number": "123ABC02",
      "vin_code": "JTMHU01J504012345" },
    { "type": "report", "ref_key": "8d1c93a2-d1bd-11ec-8a4e-005056aaa4ae", "version": $number,
      "company_ref": "$company", "vehicle_ref": "$vehicle", "contract_ref": "$contract",
      "report_number": "000000001", "date_start": "$(date +%Y-%m-01T00:00:00)",
      "date_finish": "0001-01-01T00:00:00", "status_code": 1 },
    { "type": "assignment", "ref_key": "9e1c93a2-d1bd-11ec-8a4e-005056aaa4ae",
      "version": $number, "company_ref": "$company", "vehicle_ref": "$vehicle",
      "mobile": "8 702 123 45 67" },
    { "type": "vehicle", "ref_key": "not a key" }
  ]
}
JSON
)

send() { call "$base/1c/v1/messages" -H 'Content-Type: application/json' --data-binary "$message"; }
send | python3 -m json.tool --no-ensure-ascii
[ "$(send)" = "$(send)" ] && echo "repeated: the same reply"
