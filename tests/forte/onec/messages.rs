//! What a message brings, in which order, against which versions.

use serde_json::json;

use super::{
    COMPANY, NOTHING, REPORT, TYPE, VEHICLE, admit, admitted, company, contract, director, fixture,
    report, request, state, submit, take, take_all, vehicle, vehicle_type, with,
};
use crate::harness::answers::problem;
use crate::harness::service::{Service, json as body_of, on_both_backends};

on_both_backends! {
    one_message_furnishes_a_house,
    an_older_version_is_ignored_and_none_is_always_taken,
    the_order_inside_a_message_counts,
    another_deadline_is_called_to_mind_anew,
    half_bad_messages_bring_their_good_half,
    what_is_referred_to_must_be_there,
    awaited_never_overwrites_arrived,
    what_is_deleted_stays_marked,
    two_nodes_number_by_themselves,
}

/// E12, R9, Q13, Q17, Q30, Q38: names, plates, numbers are as given; dates are those of Almaty.
async fn one_message_furnishes_a_house(service: Service) {
    admitted(&service).await;
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
    assert_eq!(db.rows(types).await, [r#"Самосвал|["Снимите пробег","Снимите VIN"]"#]);
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

/// `spec/conventions.md` §5.5, "versions".
async fn an_older_version_is_ignored_and_none_is_always_taken(service: Service) {
    admitted(&service).await;
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
    // The same rule where rows go in together.
    let titled =
        |version, title| with(vehicle_type(), json!({ "version": version, "title": title }));
    take_all(&service, 5, &[titled(9, "nine")]).await;
    take_all(&service, 6, &[titled(8, "eight")]).await;
    let kept_type = "SELECT title, version FROM vehicle_types";
    assert_eq!(service.env.db.rows(kept_type).await, ["nine|9"]);
}

/// A report that was called to mind is called to mind again before its new deadline, and only then.
async fn another_deadline_is_called_to_mind_anew(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    let db = &service.env.db;
    db.execute("UPDATE reports SET reminded_at = 5".to_owned()).await;
    let reminded = "SELECT reminded_at FROM reports";
    let same = with(report(), json!({ "version": 2, "report_number": "000000002" }));
    take_all(&service, 2, &[same]).await;
    assert_eq!(db.rows(reminded).await, ["5"]);
    let moved = with(report(), json!({ "version": 3, "date_finish": "2026-06-30T00:00:00" }));
    take_all(&service, 3, &[moved]).await;
    assert_eq!(db.rows(reminded).await, ["0"]);
}

async fn the_order_inside_a_message_counts(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    let numbered =
        |version, number| with(report(), json!({ "version": version, "report_number": number }));
    let items =
        [numbered(2, "two"), numbered(3, "three"), numbered(4, "four"), numbered(3, "late")];
    take_all(&service, 7, &items).await;
    let numbers = "SELECT report_number, version FROM reports";
    assert_eq!(service.env.db.rows(numbers).await, ["four|4"]);
    // Gaps are fine, and so is a number that comes late.
    take_all(&service, 3, &[numbered(5, "five")]).await;
    assert_eq!(service.env.db.rows(numbers).await, ["five|5"]);
    let highest = "SELECT received_no FROM onec_nodes";
    assert_eq!(service.env.db.rows(highest).await, ["7"]);
}

async fn half_bad_messages_bring_their_good_half(service: Service) {
    admitted(&service).await;
    let bad_company = with(company(), json!({ "ref_key": NOTHING, "biin": "12", "email": "x" }));
    let items = [
        json!(17),
        company(),
        bad_company,
        json!({ "type": "spaceship", "ref_key": NOTHING }),
        vehicle_type(),
        with(vehicle(), json!({ "type_ref": "no key", "contract_ref": null })),
        with(contract(), json!({ "date_end": "yesterday" })),
        json!({ "type": "report" }),
    ];
    let results = take(&service, 1, &items).await;
    let told: Vec<String> = results
        .iter()
        .map(|result| format!("{} {}", result["error"].as_str().unwrap(), result["message"]))
        .collect();
    assert_eq!(
        told,
        [
            r#"validation_failed "an item must be an object""#,
            r#" """#,
            r#"validation_failed "biin: must have 12 digits; email: must be one mail address""#,
            r#"unknown_type "type: there is no such type of items""#,
            r#" """#,
            r#"validation_failed "type_ref: must be a GUID""#,
            r#"validation_failed "date_end: must be a date: YYYY-MM-DDTHH:MM:SS""#,
            r#"validation_failed "ref_key: is required; company_ref: is required; vehicle_ref: is required""#,
        ]
    );
    let keys: Vec<_> = results.iter().map(|result| result["ref_key"].as_str().unwrap()).collect();
    assert_eq!(keys[..5], ["", COMPANY, NOTHING, NOTHING, TYPE]);
    let there = "SELECT (SELECT COUNT(*) FROM companies WHERE ref_key <> '') \
                 + (SELECT COUNT(*) FROM vehicle_types)";
    assert_eq!(service.env.db.number(there).await, 2);
}

async fn what_is_referred_to_must_be_there(service: Service) {
    admitted(&service).await;
    let unknown = |item, field: &str| (with(item, json!({ field: NOTHING })), field.to_owned());
    take_all(&service, 1, &fixture()).await;
    let with_user = with(super::assignment(), json!({ "user_ref": NOTHING }));
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
    // 1C's empty reference is none.
    let none = json!({ "contract_ref": "00000000-0000-0000-0000-000000000000", "version": 2 });
    take_all(&service, 3, &[with(report(), none)]).await;
}

/// Q29: 1C has not heard of the submission; its reason for the rejection before stays too.
async fn awaited_never_overwrites_arrived(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    let results = take_all(&service, 2, &[with(report(), json!({ "version": 2 }))]).await;
    assert!(results[0]["message"].as_str().unwrap().contains("stays 2"), "{results:?}");
    assert_eq!(state(&service).await, "2||1|");
    // What else the item says has been taken.
    let number = "SELECT version FROM reports";
    assert_eq!(service.env.db.number(number).await, 2);
    // Without a state it stays as it is.
    let silent = with(report(), json!({ "version": 3, "status_code": null }));
    take_all(&service, 3, &[silent]).await;
    assert_eq!(state(&service).await, "2||1|");
    // Any other state of 1C's is taken.
    let decided = json!({ "version": 4, "status_code": 4, "reject_reason": "Темно.\nПовторите" });
    take_all(&service, 4, &[with(report(), decided)]).await;
    assert_eq!(state(&service).await, "4|Темно.\nПовторите|2|node:almaty");
    take_all(&service, 5, &[with(report(), json!({ "version": 5 }))]).await;
    assert_eq!(state(&service).await, "1|Темно.\nПовторите|3|node:almaty");
    let cleared = json!({ "version": 6, "reject_reason": "" });
    take_all(&service, 6, &[with(report(), cleared)]).await;
    assert_eq!(state(&service).await, "1||3|node:almaty");
}

async fn what_is_deleted_stays_marked(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    let delete = |object: &str, key: &str, version| json!({ "type": "delete", "object": object, "ref_key": key, "version": version });
    take_all(&service, 2, &[delete("report", REPORT, 1)]).await;
    let gone = "SELECT (SELECT COUNT(*) FROM reports WHERE deleted = 1) \
                + (SELECT COUNT(*) FROM vehicles WHERE deleted = 1)";
    assert_eq!(service.env.db.number(gone).await, 0, "version 1 is what is there");
    let items = [delete("report", REPORT, 2), delete("vehicle", VEHICLE, 2)];
    take_all(&service, 3, &items).await;
    assert_eq!(service.env.db.number(gone).await, 2);
    // A later version brings it back.
    take_all(&service, 4, &[with(report(), json!({ "version": 3 }))]).await;
    assert_eq!(service.env.db.number(gone).await, 1);
    let results = take_all(&service, 5, &[delete("contract", NOTHING, 1)]).await;
    assert_eq!(results[0]["message"], "there is no such object");
    let results = take(&service, 6, &[delete("moon", REPORT, 9)]).await;
    assert_eq!(results[0]["error"], "validation_failed");
}

async fn two_nodes_number_by_themselves(service: Service) {
    admitted(&service).await;
    admit(&service, "astana").await;
    take_all(&service, 1, &[company()]).await;
    let other = json!({ "node": "astana", "message_no": 1, "items": [vehicle_type()] });
    let path = "/1c/v1/messages";
    let sent = service.send(request("astana", "POST", path, other.to_string())).await;
    assert_eq!(body_of(sent).await["results"][0]["ok"], true);
    // Nobody speaks for another node.
    let foreign = request("astana", "POST", path, super::message(2, &[]));
    problem(service.send(foreign).await, 403, "forbidden").await;
}
