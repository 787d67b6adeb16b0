//! Decisions of 1C, as an item or as the status of a report, and the messages that follow.

use serde_json::{Value, json};

use super::{
    REPORT, UNKNOWN, add_default_node, fixture, report, state, submit, take, take_all, with,
};
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    a_decision_changes_the_report_and_is_published,
    a_decision_on_an_outdated_state_is_a_conflict,
    a_changed_status_of_a_report_is_a_decision,
    new_reports_are_announced_once_to_each_device,
}

fn decision(fields: Value) -> Value {
    with(json!({ "type": "decision", "ref_key": REPORT }), fields)
}

async fn message_kinds(service: &Service) -> Vec<String> {
    service.env.db.rows("SELECT kind FROM outbox ORDER BY seq, kind").await
}

/// E12: by name or by status code.
async fn a_decision_changes_the_report_and_is_published(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    let reject = decision(json!({ "decision": "reject", "reject_reason": "Темно" }));
    take_all(&service, 2, std::slice::from_ref(&reject)).await;
    assert_eq!(state(&service).await, "4|Темно|2|node:almaty");
    assert_eq!(message_kinds(&service).await, ["report.decided"]);
    // The same decision in another message changes and publishes nothing.
    take_all(&service, 3, &[reject]).await;
    assert_eq!(message_kinds(&service).await, ["report.decided"]);
    // A new decision clears the reason (Q29).
    submit(&service).await;
    take_all(&service, 4, &[decision(json!({ "status_code": 3 }))]).await;
    assert_eq!(state(&service).await, "3||4|node:almaty");
    assert_eq!(message_kinds(&service).await.len(), 2);
}

async fn a_decision_on_an_outdated_state_is_a_conflict(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    let approve = |fields| decision(with(json!({ "decision": "approve" }), fields));
    let results = take(
        &service,
        2,
        &[
            approve(json!({})),
            approve(json!({ "ref_key": UNKNOWN })),
            decision(json!({ "decision": "perhaps" })),
            decision(json!({ "status_code": 2 })),
            decision(json!({})),
        ],
    )
    .await;
    let errors: Vec<_> = results.iter().map(|result| result["error"].as_str().unwrap()).collect();
    let wrong = "validation_failed";
    assert_eq!(errors, ["decision_conflict", "not_found", wrong, wrong, wrong]);
    assert!(results[0]["message"].as_str().unwrap().contains("status_code 1, version 0"));
    submit(&service).await;
    let results = take(&service, 3, &[approve(json!({ "version": 7 }))]).await;
    assert!(results[0]["message"].as_str().unwrap().contains("status_code 2, version 1"));
    take_all(&service, 4, &[approve(json!({ "version": 1 }))]).await;
    assert_eq!(state(&service).await, "3||2|node:almaty");
}

async fn a_changed_status_of_a_report_is_a_decision(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    let rejected = json!({ "status_code": 4, "reject_reason": "Не тот номер", "version": 2 });
    take_all(&service, 2, &[with(report(), rejected)]).await;
    assert_eq!(state(&service).await, "4|Не тот номер|2|node:almaty");
    assert_eq!(message_kinds(&service).await, ["report.decided"]);
    // An unchanged status is not published again; an approval has no reason.
    take_all(&service, 3, &[with(report(), json!({ "status_code": 4, "version": 3 }))]).await;
    assert_eq!(state(&service).await, "4|Не тот номер|2|node:almaty");
    take_all(&service, 4, &[with(report(), json!({ "status_code": 3, "version": 4 }))]).await;
    assert_eq!(state(&service).await, "3||3|node:almaty");
    assert_eq!(message_kinds(&service).await.len(), 2);
}

async fn new_reports_are_announced_once_to_each_device(service: Service) {
    add_default_node(&service).await;
    let db = &service.env.db;
    take_all(&service, 1, &fixture()).await;
    assert_eq!(message_kinds(&service).await, Vec::<String>::new(), "there are no devices");
    db.execute(
        "INSERT INTO sessions (id, person_id, uuid, fcm, created_at, seen_at, ended_at, \
             end_reason) SELECT '01890000-0000-7000-8000-000000000001', id, 'device', \
         'token', 1, 1, 0, '' FROM people WHERE ref_key <> ''",
    )
    .await;
    let another = |at: usize, status: i64| {
        let key = format!("8d1c93a2-d1bd-11ec-8a4e-{at:012}");
        with(report(), json!({ "ref_key": key, "status_code": status }))
    };
    let mut items: Vec<Value> = (0..70).map(|at| another(at, 1)).collect();
    // An existing report and one that waits for no video are not announced.
    items.extend([with(report(), json!({ "version": 2 })), another(99, 3)]);
    take_all(&service, 2, &items).await;
    assert_eq!(message_kinds(&service).await, ["push.report_assigned"]);
    let body: Value =
        serde_json::from_str(&db.rows("SELECT body FROM outbox").await.concat()).unwrap();
    assert_eq!(body["reports"], 70);
}
