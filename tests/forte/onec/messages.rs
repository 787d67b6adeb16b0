//! The items of a message: types, order, versions, references.

use serde_json::json;

use super::{
    COMPANY, REPORT, TYPE, UNKNOWN, VEHICLE, add_default_node, add_node, company, contract,
    director, fixture, report, request, state, submit, take, take_all, vehicle, vehicle_type, with,
};
use crate::harness::answers::problem;
use crate::harness::service::{Service, json as body_of, on_both_backends};

on_both_backends! {
    one_message_stores_objects_of_all_types,
    an_older_version_is_ignored_and_an_item_without_one_is_stored,
    items_are_applied_in_their_order,
    a_changed_deadline_gets_another_reminder,
    valid_items_are_stored_despite_invalid_ones,
    a_reference_to_an_unknown_object_is_refused,
    a_repeated_waiting_status_does_not_overwrite_a_submission,
    a_deleted_object_stays_marked_as_deleted,
    every_node_numbers_its_own_messages,
    a_report_has_the_type_of_its_vehicle,
}

/// E12, R9, Q13, Q17, Q30, Q38: texts are stored as sent; dates are in the time zone of Almaty.
async fn one_message_stores_objects_of_all_types(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    let db = &service.env.db;
    let companies = "SELECT biin, name, email, kind, active, version FROM companies \
                     WHERE ref_key <> ''";
    assert_eq!(
        db.rows(companies).await,
        ["200940026146|ТОО «Пример»|office@example.test|company|1|1"]
    );
    let people = "SELECT role, first_name, last_name, mobile, mobile_digits, active FROM people \
                  WHERE ref_key <> ''";
    assert_eq!(db.rows(people).await, ["admin|Сапаров|Айбек|8 (701) 000-00-01|77010000001|1"]);
    let types = "SELECT title, instructions FROM vehicle_types";
    assert_eq!(
        db.rows(types).await,
        [concat!(
            r#"Самосвал|[{"en":"Снимите пробег","kk":"Снимите пробег","ru":"Снимите пробег","short":""},"#,
            r#"{"en":"Снимите VIN","kk":"Снимите VIN","ru":"Снимите VIN","short":""}]"#
        )]
    );
    let vehicles = "SELECT plate_number, vin_code FROM vehicles WHERE version = 1";
    assert_eq!(db.rows(vehicles).await, ["|не VIN"]);
    let reports = "SELECT r.report_number, r.contract_number, r.status_code, r.revision, \
                   r.starts_at, r.finishes_at, r.due_at, c.number FROM reports r \
                   JOIN contracts c ON c.ref_key = r.contract_ref";
    // 2026-05-01, 2026-05-31 and the end of that day, at UTC+5 (Q12).
    assert_eq!(
        db.rows(reports).await,
        ["000000001|№ 12/3|1|0|1777575600000000|1780167600000000|1780254000000000|№ 12/3"]
    );
    let assignments = "SELECT mobile_digits, person_ref FROM assignments";
    assert_eq!(db.rows(assignments).await, ["77021234567|"]);
}

async fn an_older_version_is_ignored_and_an_item_without_one_is_stored(service: Service) {
    add_default_node(&service).await;
    let named = |version, name| with(company(), json!({ "version": version, "name": name }));
    take_all(&service, 1, &[named(5, "five")]).await;
    let results =
        take_all(&service, 2, &[named(4, "four"), named(5, "five again"), vehicle_type()]).await;
    for result in &results[..2] {
        assert!(result["message"].as_str().unwrap().starts_with("ignored"), "{result}");
    }
    let kept = "SELECT name, version FROM companies WHERE ref_key <> ''";
    assert_eq!(service.env.db.rows(kept).await, ["five|5"]);
    take_all(&service, 3, &[with(company(), json!({ "version": null, "name": "none" }))]).await;
    assert_eq!(service.env.db.rows(kept).await, ["none|5"]);
    take_all(&service, 4, &[named(6, "six")]).await;
    assert_eq!(service.env.db.rows(kept).await, ["six|6"]);
    // The same rule for rows that are written in one statement.
    let titled =
        |version, title| with(vehicle_type(), json!({ "version": version, "title": title }));
    take_all(&service, 5, &[titled(9, "nine")]).await;
    take_all(&service, 6, &[titled(8, "eight")]).await;
    let kept_type = "SELECT title, version FROM vehicle_types";
    assert_eq!(service.env.db.rows(kept_type).await, ["nine|9"]);
}

/// A report with a sent reminder gets another one only if its deadline changes.
async fn a_changed_deadline_gets_another_reminder(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    let db = &service.env.db;
    db.execute("UPDATE reports SET reminded_at = 5").await;
    let reminded = "SELECT reminded_at FROM reports";
    let same = with(report(), json!({ "version": 2, "report_number": "000000002" }));
    take_all(&service, 2, &[same]).await;
    assert_eq!(db.rows(reminded).await, ["5"]);
    let moved = with(report(), json!({ "version": 3, "date_finish": "2026-06-30T00:00:00" }));
    take_all(&service, 3, &[moved]).await;
    assert_eq!(db.rows(reminded).await, ["0"]);
}

async fn items_are_applied_in_their_order(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    let numbered =
        |version, number| with(report(), json!({ "version": version, "report_number": number }));
    let items =
        [numbered(2, "two"), numbered(3, "three"), numbered(4, "four"), numbered(3, "late")];
    take_all(&service, 7, &items).await;
    let numbers = "SELECT report_number, version FROM reports";
    assert_eq!(service.env.db.rows(numbers).await, ["four|4"]);
    // Numbers may have gaps and arrive late.
    take_all(&service, 3, &[numbered(5, "five")]).await;
    assert_eq!(service.env.db.rows(numbers).await, ["five|5"]);
    let highest = "SELECT received_no FROM onec_nodes";
    assert_eq!(service.env.db.rows(highest).await, ["7"]);
}

async fn valid_items_are_stored_despite_invalid_ones(service: Service) {
    add_default_node(&service).await;
    let bad_company = with(company(), json!({ "ref_key": UNKNOWN, "biin": "12", "email": "x" }));
    let items = [
        json!(17),
        company(),
        bad_company,
        json!({ "type": "spaceship", "ref_key": UNKNOWN }),
        vehicle_type(),
        with(vehicle(), json!({ "type_ref": "no key", "contract_ref": null })),
        with(contract(), json!({ "date_end": "yesterday" })),
        json!({ "type": "report" }),
    ];
    let results = take(&service, 1, &items).await;
    let errors: Vec<String> = results
        .iter()
        .map(|result| format!("{} {}", result["error"].as_str().unwrap(), result["message"]))
        .collect();
    assert_eq!(
        errors,
        [
            r#"validation_failed "an item must be an object""#,
            r#" """#,
            r#"validation_failed "biin: must have 12 digits; email: must be one mail address""#,
            r#"unknown_type "type: unknown item type""#,
            r#" """#,
            r#"validation_failed "type_ref: must be a GUID""#,
            r#"validation_failed "date_end: must be a date: YYYY-MM-DDTHH:MM:SS""#,
            r#"validation_failed "ref_key: is required; company_ref: is required; vehicle_ref: is required""#,
        ]
    );
    let keys: Vec<_> = results.iter().map(|result| result["ref_key"].as_str().unwrap()).collect();
    assert_eq!(keys[..5], ["", COMPANY, UNKNOWN, UNKNOWN, TYPE]);
    let stored = "SELECT (SELECT COUNT(*) FROM companies WHERE ref_key <> '') \
                 + (SELECT COUNT(*) FROM vehicle_types)";
    assert_eq!(service.env.db.number(stored).await, 2);
}

async fn a_reference_to_an_unknown_object_is_refused(service: Service) {
    add_default_node(&service).await;
    let unknown = |item, field: &str| (with(item, json!({ field: UNKNOWN })), field.to_owned());
    take_all(&service, 1, &fixture()).await;
    let with_user = with(super::assignment(), json!({ "user_ref": UNKNOWN }));
    let cases = [
        unknown(director(), "company_ref"),
        unknown(vehicle(), "company_ref"),
        unknown(vehicle(), "type_ref"),
        unknown(vehicle(), "contract_ref"),
        unknown(contract(), "company_ref"),
        unknown(report(), "company_ref"),
        unknown(report(), "vehicle_ref"),
        unknown(report(), "contract_ref"),
        unknown(super::assignment(), "vehicle_ref"),
        (with_user, "user_ref".to_owned()),
    ];
    let items: Vec<_> =
        cases.iter().map(|(item, _)| with(item.clone(), json!({ "version": 2 }))).collect();
    let results = take(&service, 2, &items).await;
    for ((_, field), result) in cases.iter().zip(&results) {
        assert_eq!(result["error"], "unknown_reference", "{result}");
        assert!(result["message"].as_str().unwrap().starts_with(field.as_str()), "{result}");
    }
    // 1C's empty reference means no reference.
    let none = json!({ "contract_ref": "00000000-0000-0000-0000-000000000000", "version": 2 });
    take_all(&service, 3, &[with(report(), none)]).await;
}

/// Q29: 1C does not know of the submission yet; the reason of the previous rejection stays too.
async fn a_repeated_waiting_status_does_not_overwrite_a_submission(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    let results = take_all(&service, 2, &[with(report(), json!({ "version": 2 }))]).await;
    assert!(results[0]["message"].as_str().unwrap().contains("stays 2"), "{results:?}");
    assert_eq!(state(&service).await, "2||1|");
    // The other fields of the item are stored.
    let number = "SELECT version FROM reports";
    assert_eq!(service.env.db.number(number).await, 2);
    // Without a status the current one stays.
    let silent = with(report(), json!({ "version": 3, "status_code": null }));
    take_all(&service, 3, &[silent]).await;
    assert_eq!(state(&service).await, "2||1|");
    // Any other status from 1C is applied.
    let decided = json!({ "version": 4, "status_code": 4, "reject_reason": "Темно.\nПовторите" });
    take_all(&service, 4, &[with(report(), decided)]).await;
    assert_eq!(state(&service).await, "4|Темно.\nПовторите|2|node:almaty");
    take_all(&service, 5, &[with(report(), json!({ "version": 5 }))]).await;
    assert_eq!(state(&service).await, "1|Темно.\nПовторите|3|node:almaty");
    let cleared = json!({ "version": 6, "reject_reason": "" });
    take_all(&service, 6, &[with(report(), cleared)]).await;
    assert_eq!(state(&service).await, "1||3|node:almaty");
}

async fn a_deleted_object_stays_marked_as_deleted(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    let delete = |object: &str, key: &str, version| json!({ "type": "delete", "object": object, "ref_key": key, "version": version });
    take_all(&service, 2, &[delete("report", REPORT, 1)]).await;
    let deleted = "SELECT (SELECT COUNT(*) FROM reports WHERE deleted = 1) \
                + (SELECT COUNT(*) FROM vehicles WHERE deleted = 1)";
    assert_eq!(service.env.db.number(deleted).await, 0, "version 1 is the stored version");
    let items = [delete("report", REPORT, 2), delete("vehicle", VEHICLE, 2)];
    take_all(&service, 3, &items).await;
    assert_eq!(service.env.db.number(deleted).await, 2);
    // A later version restores it.
    take_all(&service, 4, &[with(report(), json!({ "version": 3 }))]).await;
    assert_eq!(service.env.db.number(deleted).await, 1);
    let results = take_all(&service, 5, &[delete("contract", UNKNOWN, 1)]).await;
    assert_eq!(results[0]["message"], "there is no such object");
    let results = take(&service, 6, &[delete("moon", REPORT, 9)]).await;
    assert_eq!(results[0]["error"], "validation_failed");
}

async fn every_node_numbers_its_own_messages(service: Service) {
    add_default_node(&service).await;
    add_node(&service, "astana").await;
    take_all(&service, 1, &[company()]).await;
    let other = json!({ "node": "astana", "message_no": 1, "items": [vehicle_type()] });
    let path = "/1c/v1/messages";
    let sent = service.send(request("astana", "POST", path, other.to_string())).await;
    assert_eq!(body_of(sent).await["results"][0]["ok"], true);
    // A node cannot send messages of another node.
    let foreign = request("astana", "POST", path, super::message(2, &[]));
    problem(service.send(foreign).await, 403, "forbidden").await;
}

/// The review queue filters by it.
async fn a_report_has_the_type_of_its_vehicle(service: Service) {
    let other_type = with(vehicle_type(), json!({ "ref_key": UNKNOWN }));
    let types = "SELECT type_code FROM reports";
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    assert_eq!(service.env.db.rows(types).await, [TYPE]);
    let moved = with(vehicle(), json!({ "version": 3, "type_ref": UNKNOWN }));
    take_all(&service, 2, &[other_type, moved]).await;
    assert_eq!(service.env.db.rows(types).await, [UNKNOWN]);
    let older = with(vehicle(), json!({ "version": 2 }));
    take_all(&service, 3, &[older]).await;
    assert_eq!(service.env.db.rows(types).await, [UNKNOWN], "an older version changes nothing");
    take_all(&service, 4, &[with(report(), json!({ "version": 2 }))]).await;
    assert_eq!(service.env.db.rows(types).await, [UNKNOWN]);
}
