//! The states of reports when 1C sends a report again and again: only what it says anew counts.

use serde_json::{Value, json};

use super::{
    COMPANY, NOTHING, REPORT, admitted, company, fixture, report, state, submit, take_all, with,
};
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    a_repeated_rejection_does_not_take_back_a_new_video,
    a_repeated_one_does_not_take_back_an_approval,
    a_repeated_one_does_not_take_back_a_rejection_or_its_reason,
    a_new_round_begins_when_1c_says_something_else,
    a_late_two_does_not_take_back_a_decision,
    agreeing_with_what_stands_tells_nobody,
    a_decision_item_is_what_1c_has_said,
    another_reason_alone_is_told_like_a_decision,
    a_report_that_comes_back_or_changes_hands_is_new,
}

/// 1C's report in this version, with these fields.
fn said(version: i64, fields: Value) -> Value {
    with(with(report(), json!({ "version": version })), fields)
}

/// A reviewer has decided, as far as the report's row knows.
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

/// What 1C is told about the only item of a message.
async fn told(service: &Service, number: i64, item: Value) -> String {
    take_all(service, number, &[item]).await[0]["message"].as_str().unwrap().to_owned()
}

async fn a_repeated_rejection_does_not_take_back_a_new_video(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    let rejected = json!({ "status_code": 4, "reject_reason": "Темно" });
    take_all(&service, 2, &[said(2, rejected.clone())]).await;
    submit(&service).await;
    let before = state(&service).await;
    assert!(before.starts_with("2|Темно|2"), "{before}");
    let later = with(said(3, rejected), json!({ "date_finish": "2026-07-31T00:00:00" }));
    let message = told(&service, 3, later).await;
    assert!(message.contains("status_code stays 2"), "{message}");
    assert_eq!(state(&service).await, before);
    assert_eq!(decisions(&service).await, 1);
    let due = "SELECT COUNT(*) FROM reports WHERE due_at > 1785000000000000";
    assert_eq!(service.env.db.number(due).await, 1, "the deadline is taken");
}

async fn a_repeated_one_does_not_take_back_an_approval(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    reviewed(&service, 3, "").await;
    let before = state(&service).await;
    let message = told(&service, 2, said(2, json!({}))).await;
    assert!(message.contains("status_code stays 3"), "{message}");
    assert_eq!(state(&service).await, before);
    assert_eq!(decisions(&service).await, 0);
}

async fn a_repeated_one_does_not_take_back_a_rejection_or_its_reason(service: Service) {
    admitted(&service).await;
    let first = said(1, json!({ "reject_reason": "" }));
    let mut items = fixture();
    items[5] = first.clone();
    take_all(&service, 1, &items).await;
    submit(&service).await;
    reviewed(&service, 4, "Не видно номера").await;
    let before = state(&service).await;
    let message = told(&service, 2, with(first, json!({ "version": 2 }))).await;
    assert!(message.contains("status_code stays 4"), "{message}");
    assert_eq!(state(&service).await, before);
}

async fn a_new_round_begins_when_1c_says_something_else(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    take_all(&service, 2, &[said(2, json!({ "status_code": 3 }))]).await;
    assert_eq!(state(&service).await, "3||2|node:almaty");
    assert_eq!(told(&service, 3, said(3, json!({ "status_code": 1 }))).await, "");
    assert_eq!(state(&service).await, "1||3|node:almaty");
    // The driver films; the one before does not come back by being repeated.
    submit(&service).await;
    let message = told(&service, 4, said(4, json!({ "status_code": 1 }))).await;
    assert!(message.contains("status_code stays 2"), "{message}");
}

/// 1C hears of a video, notes it, and sends that after a reviewer has decided.
async fn a_late_two_does_not_take_back_a_decision(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    reviewed(&service, 3, "").await;
    let before = state(&service).await;
    let message = told(&service, 2, said(2, json!({ "status_code": 2 }))).await;
    assert!(message.contains("status_code stays 3"), "{message}");
    assert_eq!(state(&service).await, before);
    // Then 1C hears of the decision, and later takes it back with open eyes.
    assert_eq!(told(&service, 3, said(3, json!({ "status_code": 3 }))).await, "");
    assert_eq!(state(&service).await, before);
    assert_eq!(told(&service, 4, said(4, json!({ "status_code": 2 }))).await, "");
    assert!(state(&service).await.starts_with("2||3"));
}

async fn agreeing_with_what_stands_tells_nobody(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    reviewed(&service, 4, "Темно").await;
    let before = state(&service).await;
    let agreed = json!({ "status_code": 4, "reject_reason": "Темно" });
    assert_eq!(told(&service, 2, said(2, agreed.clone())).await, "");
    assert_eq!((state(&service).await, decisions(&service).await), (before, 0));
    // From now on that is what 1C has said: repeating it does not take back the next video.
    submit(&service).await;
    let message = told(&service, 3, said(3, agreed)).await;
    assert!(message.contains("status_code stays 2"), "{message}");
}

async fn a_decision_item_is_what_1c_has_said(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    let decision = json!({ "type": "decision", "ref_key": REPORT, "decision": "reject",
                           "reject_reason": "Темно" });
    take_all(&service, 2, &[decision]).await;
    submit(&service).await;
    let rejected = json!({ "status_code": 4, "reject_reason": "Темно" });
    let message = told(&service, 3, said(2, rejected)).await;
    assert!(message.contains("status_code stays 2"), "{message}");
    assert_eq!(decisions(&service).await, 1);
}

async fn another_reason_alone_is_told_like_a_decision(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    submit(&service).await;
    let rejected =
        |version, reason: &str| said(version, json!({ "status_code": 4, "reject_reason": reason }));
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

async fn a_report_that_comes_back_or_changes_hands_is_new(service: Service) {
    admitted(&service).await;
    take_all(&service, 1, &fixture()).await;
    let other = json!({ "ref_key": NOTHING, "biin": "790920300817" });
    take_all(&service, 2, &[with(company(), other)]).await;
    service
        .env
        .db
        .execute(format!(
            "INSERT INTO sessions SELECT '01890000-0000-7000-8000-000000000001', p.id, 'device', \
             'token', 1, 1, 0, '' FROM people p JOIN companies c ON c.id = p.company_id \
             WHERE p.ref_key <> '' AND c.ref_key = '{COMPANY}'"
        ))
        .await;
    let pushed = "SELECT COUNT(*) FROM outbox WHERE kind = 'push.report_assigned'";
    take_all(&service, 3, &[said(2, json!({}))]).await;
    assert_eq!(service.env.db.number(pushed).await, 0, "an edit is no news");
    let gone = json!({ "type": "delete", "object": "report", "ref_key": REPORT, "version": 3 });
    take_all(&service, 4, &[gone]).await;
    take_all(&service, 5, &[said(4, json!({}))]).await;
    assert_eq!(service.env.db.number(pushed).await, 1, "it is back");
    take_all(&service, 6, &[said(5, json!({ "company_ref": NOTHING }))]).await;
    assert_eq!(service.env.db.number(pushed).await, 1, "the other company has no device");
    take_all(&service, 7, &[said(6, json!({}))]).await;
    assert_eq!(service.env.db.number(pushed).await, 2, "it is theirs again");
}
