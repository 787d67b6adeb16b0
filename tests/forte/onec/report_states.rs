//! The status of a report that 1C sends repeatedly: only a status that 1C has changed is applied.

use serde_json::{Value, json};

use super::{
    COMPANY, REPORT, UNKNOWN, add_default_node, company, fixture, report, state, submit, take_all,
    with,
};
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    a_repeated_rejection_does_not_undo_a_submission,
    a_repeated_status_does_not_undo_an_approval,
    a_repeated_status_does_not_undo_a_rejection_or_its_reason,
    a_changed_status_reopens_the_report,
    a_late_submitted_status_does_not_undo_a_decision,
    a_status_equal_to_the_current_one_is_not_published,
    a_decision_item_counts_as_a_status_sent_by_1c,
    a_changed_reason_is_published_as_a_decision,
    a_restored_or_reassigned_report_is_announced_as_new,
}

/// The report with this version and these fields.
fn report_version(version: i64, fields: Value) -> Value {
    with(with(report(), json!({ "version": version })), fields)
}

/// Records the decision of a reviewer.
async fn reviewed(service: &Service, status: i64, reason: &str) {
    let sql = format!(
        "UPDATE reports SET status_code = {status}, reject_reason = '{reason}', \
         revision = revision + 1, decided_at = 1, decided_by = 'person:900'"
    );
    service.env.db.execute(sql).await;
}

async fn decisions(service: &Service) -> i64 {
    service.env.db.number("SELECT COUNT(*) FROM outbox WHERE kind = 'report.decided'").await
}

/// Sends a message with one item and returns the message of its result.
async fn result_message(service: &Service, number: i64, item: Value) -> String {
    take_all(service, number, &[item]).await[0]["message"].as_str().unwrap().to_owned()
}

async fn a_repeated_rejection_does_not_undo_a_submission(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    let rejected = json!({ "status_code": 4, "reject_reason": "Темно" });
    take_all(&service, 2, &[report_version(2, rejected.clone())]).await;
    submit(&service).await;
    let before = state(&service).await;
    assert!(before.starts_with("2|Темно|2"), "{before}");
    let later = with(report_version(3, rejected), json!({ "date_finish": "2026-07-31T00:00:00" }));
    let message = result_message(&service, 3, later).await;
    assert!(message.contains("status_code stays 2"), "{message}");
    assert_eq!(state(&service).await, before);
    assert_eq!(decisions(&service).await, 1);
    let due = "SELECT COUNT(*) FROM reports WHERE due_at > 1785000000000000";
    assert_eq!(service.env.db.number(due).await, 1, "the deadline is stored");
}

async fn a_repeated_status_does_not_undo_an_approval(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    reviewed(&service, 3, "").await;
    let before = state(&service).await;
    let message = result_message(&service, 2, report_version(2, json!({}))).await;
    assert!(message.contains("status_code stays 3"), "{message}");
    assert_eq!(state(&service).await, before);
    assert_eq!(decisions(&service).await, 0);
}

async fn a_repeated_status_does_not_undo_a_rejection_or_its_reason(service: Service) {
    add_default_node(&service).await;
    let first = report_version(1, json!({ "reject_reason": "" }));
    let mut items = fixture();
    items[5] = first.clone();
    take_all(&service, 1, &items).await;
    submit(&service).await;
    reviewed(&service, 4, "Не видно номера").await;
    let before = state(&service).await;
    let message = result_message(&service, 2, with(first, json!({ "version": 2 }))).await;
    assert!(message.contains("status_code stays 4"), "{message}");
    assert_eq!(state(&service).await, before);
}

async fn a_changed_status_reopens_the_report(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    take_all(&service, 2, &[report_version(2, json!({ "status_code": 3 }))]).await;
    assert_eq!(state(&service).await, "3||2|node:almaty");
    assert_eq!(
        result_message(&service, 3, report_version(3, json!({ "status_code": 1 }))).await,
        ""
    );
    assert_eq!(state(&service).await, "1||3|node:almaty");
    // After the driver's submission, repeating the status does not apply it again.
    submit(&service).await;
    let message = result_message(&service, 4, report_version(4, json!({ "status_code": 1 }))).await;
    assert!(message.contains("status_code stays 2"), "{message}");
}

/// 1C records a submission, and sends that status after a reviewer has decided.
async fn a_late_submitted_status_does_not_undo_a_decision(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    reviewed(&service, 3, "").await;
    let before = state(&service).await;
    let message = result_message(&service, 2, report_version(2, json!({ "status_code": 2 }))).await;
    assert!(message.contains("status_code stays 3"), "{message}");
    assert_eq!(state(&service).await, before);
    // Then 1C learns of the decision, and later reverses it deliberately.
    assert_eq!(
        result_message(&service, 3, report_version(3, json!({ "status_code": 3 }))).await,
        ""
    );
    assert_eq!(state(&service).await, before);
    assert_eq!(
        result_message(&service, 4, report_version(4, json!({ "status_code": 2 }))).await,
        ""
    );
    assert!(state(&service).await.starts_with("2||3"));
}

async fn a_status_equal_to_the_current_one_is_not_published(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    reviewed(&service, 4, "Темно").await;
    let before = state(&service).await;
    let agreed = json!({ "status_code": 4, "reject_reason": "Темно" });
    assert_eq!(result_message(&service, 2, report_version(2, agreed.clone())).await, "");
    assert_eq!((state(&service).await, decisions(&service).await), (before, 0));
    // This is now the last status sent by 1C: repeating it does not undo the next submission.
    submit(&service).await;
    let message = result_message(&service, 3, report_version(3, agreed)).await;
    assert!(message.contains("status_code stays 2"), "{message}");
}

async fn a_decision_item_counts_as_a_status_sent_by_1c(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    let decision = json!({ "type": "decision", "ref_key": REPORT, "decision": "reject",
                           "reject_reason": "Темно" });
    take_all(&service, 2, &[decision]).await;
    submit(&service).await;
    let rejected = json!({ "status_code": 4, "reject_reason": "Темно" });
    let message = result_message(&service, 3, report_version(2, rejected)).await;
    assert!(message.contains("status_code stays 2"), "{message}");
    assert_eq!(decisions(&service).await, 1);
}

async fn a_changed_reason_is_published_as_a_decision(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    let rejected = |version, reason: &str| {
        report_version(version, json!({ "status_code": 4, "reject_reason": reason }))
    };
    take_all(&service, 2, &[rejected(2, "одна")]).await;
    assert_eq!(state(&service).await, "4|одна|2|node:almaty");
    // Twice in one message: the second time is a repetition.
    take_all(&service, 3, &[rejected(3, "другая"), rejected(4, "другая")]).await;
    assert_eq!(state(&service).await, "4|другая|3|node:almaty");
    assert_eq!(decisions(&service).await, 2);
    let reasons = "SELECT body FROM outbox WHERE kind = 'report.decided' ORDER BY seq";
    let last = service.env.db.rows(reasons).await.pop().unwrap();
    let last: Value = serde_json::from_str(&last).unwrap();
    assert_eq!((&last["data"]["reason"], &last["data"]["version"]), (&json!("другая"), &json!(3)));
}

async fn a_restored_or_reassigned_report_is_announced_as_new(service: Service) {
    add_default_node(&service).await;
    take_all(&service, 1, &fixture()).await;
    let other = json!({ "ref_key": UNKNOWN, "biin": "790920300817" });
    take_all(&service, 2, &[with(company(), other)]).await;
    service
        .env
        .db
        .execute(format!(
            "INSERT INTO sessions (id, person_id, uuid, fcm, created_at, seen_at, ended_at, \
             end_reason) SELECT '01890000-0000-7000-8000-000000000001', p.id, 'device', \
             'token', 1, 1, 0, '' FROM people p JOIN companies c ON c.id = p.company_id \
             WHERE p.ref_key <> '' AND c.ref_key = '{COMPANY}'"
        ))
        .await;
    let pushed = "SELECT COUNT(*) FROM outbox WHERE kind = 'push.report_assigned'";
    take_all(&service, 3, &[report_version(2, json!({}))]).await;
    assert_eq!(service.env.db.number(pushed).await, 0, "an edit is not announced");
    let deletion = json!({ "type": "delete", "object": "report", "ref_key": REPORT, "version": 3 });
    take_all(&service, 4, &[deletion]).await;
    take_all(&service, 5, &[report_version(4, json!({}))]).await;
    assert_eq!(service.env.db.number(pushed).await, 1, "it was restored");
    take_all(&service, 6, &[report_version(5, json!({ "company_ref": UNKNOWN }))]).await;
    assert_eq!(service.env.db.number(pushed).await, 1, "the other company has no device");
    take_all(&service, 7, &[report_version(6, json!({}))]).await;
    assert_eq!(service.env.db.number(pushed).await, 2, "it was assigned to the company again");
}
