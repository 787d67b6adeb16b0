//! Decisions of reviewers: approve or reject, once per version, with an event for the report service.

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::database::NewDecision;
use forte_media::leasing::DecisionError;
use forte_media::model::{CompanyId, Decision, Person, PersonId, RefKey, ReportStatus, Role};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::harness::account;
use crate::harness::answers::problem;
use crate::harness::clips::GOOD;
use crate::harness::service::{Service, json as body_of, on_both_backends};
use crate::harness::tus;

on_both_backends! {
    an_approval_is_recorded_and_sent_as_an_event,
    a_rejection_reason_remains_until_the_next_decision,
    a_repeated_decision_gets_the_same_response,
    one_of_two_concurrent_reviewers_wins,
    one_of_ten_concurrent_reviewers_wins,
    a_decision_on_an_old_version_gets_the_current_state,
    a_report_without_a_video_cannot_be_decided,
    reviewers_decide_only_reports_of_their_company_and_the_lessors_decide_all,
    only_reviewers_decide,
    invalid_decisions_are_refused_with_the_field,
    a_form_decides_like_json,
    one_c_decides_without_a_version_idempotently,
    one_c_decides_over_http_with_its_account,
}

/// A report that holds a video, at version 1.
async fn submitted(service: &Service) -> RefKey {
    let report = service.report().await;
    let path = tus::create(service, report, GOOD.len()).await;
    assert_eq!(tus::patch(service, &path, 0, GOOD).await.status(), 204);
    report
}

async fn send(service: &Service, report: RefKey, token: &str, body: String) -> Response<Body> {
    let request = Request::post(format!("/reports/{report}/decision"))
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json");
    service.send(request.body(Body::from(body)).unwrap()).await
}

async fn decide(service: &Service, report: RefKey, token: &str, body: Value) -> Response<Body> {
    send(service, report, token, body.to_string()).await
}

/// Decides, which must succeed; the `data` of the response.
async fn decided(service: &Service, report: RefKey, token: &str, body: Value) -> Value {
    let response = decide(service, report, token, body).await;
    let status = response.status();
    let body = body_of(response).await;
    assert_eq!(status, 200, "{body}");
    body["data"].clone()
}

fn approve(version: i64) -> Value {
    json!({ "decision": "approve", "version": version })
}

fn reject(version: i64, reason: &str) -> Value {
    json!({ "decision": "reject", "version": version, "reason": reason })
}

/// The `report.decided` events that the report service received.
async fn events(service: &Service) -> Vec<Value> {
    service.deliver().await;
    let received = service.env.receiver.received();
    let events =
        received.iter().map(|request| serde_json::from_str::<Value>(&request.body).unwrap());
    events.filter(|event| event["type"] == "report.decided").collect()
}

/// The video as a viewer of the report gets it.
async fn video(service: &Service, report: RefKey) -> Value {
    let request = Request::get(format!("/reports/{report}/video"))
        .header("Authorization", format!("Bearer {}", service.driver()));
    let response = service.send(request.body(Body::empty()).unwrap()).await;
    body_of(response).await["data"].clone()
}

async fn an_approval_is_recorded_and_sent_as_an_event(service: Service) {
    let report = submitted(&service).await;
    let before = video(&service, report).await;
    assert_eq!((&before["version"], &before["status_code"]), (&json!(1), &json!(2)));
    let reviewer = service.reviewer().await;
    let data = decided(&service, report, &reviewer, approve(1)).await;
    assert_eq!(data["status_code"], 3);
    assert_eq!(data["version"], 2);
    assert_eq!(data["reject_reason"], "");
    assert_eq!(data["decided_at"], service.clock().now().to_string());
    assert_eq!(video(&service, report).await["status_code"], 3);

    let events = events(&service).await;
    let expected = json!({
        "report_ref_key": report,
        "submission_id": before["submission_id"],
        "status_code": 3,
        "reason": "",
        "decided_by": "person:900",
        "decided_at": service.clock().now(),
        "version": 2,
    });
    assert_eq!(
        events,
        [json!({
            "type": "report.decided", "timestamp": service.clock().now(), "data": expected,
        })]
    );
    let custody = "SELECT COUNT(*) FROM custody c JOIN videos v ON v.id = c.video_id \
                   WHERE c.action = 'approved' AND c.actor = 'person:900'";
    assert_eq!(service.env.db.number(custody).await, 1);
}

/// Q29
async fn a_rejection_reason_remains_until_the_next_decision(service: Service) {
    let report = submitted(&service).await;
    let reviewer = service.reviewer().await;
    let reason = "Не видно номера.\nСнимите днём.";
    let data = decided(&service, report, &reviewer, reject(1, reason)).await;
    assert_eq!((&data["status_code"], &data["reject_reason"]), (&json!(4), &json!(reason)));

    let path = tus::create(&service, report, GOOD.len()).await;
    assert_eq!(tus::patch(&service, &path, 0, GOOD).await.status(), 204);
    let seen = video(&service, report).await;
    assert_eq!(seen["status_code"], 2);
    assert_eq!(seen["reject_reason"], reason, "a new video does not clear it");
    assert_eq!(seen["version"], 3);

    let data = decided(&service, report, &reviewer, approve(3)).await;
    assert_eq!((&data["reject_reason"], &data["version"]), (&json!(""), &json!(4)));
    assert_eq!(events(&service).await.len(), 2);
}

async fn a_repeated_decision_gets_the_same_response(service: Service) {
    let report = submitted(&service).await;
    let reviewer = service.reviewer().await;
    let first = decided(&service, report, &reviewer, reject(1, "Темно")).await;
    service.manual_clock().advance(SignedDuration::from_secs(9));
    assert_eq!(decided(&service, report, &reviewer, reject(1, "Темно")).await, first);
    assert_eq!(decided(&service, report, &reviewer, reject(2, "Темно")).await, first);
    let other = decide(&service, report, &reviewer, reject(1, "Мокро")).await;
    problem(other, 409, "decision_conflict").await;
    assert_eq!(events(&service).await.len(), 1, "one event");
}

async fn race(service: &Service, report: RefKey, bodies: Vec<Value>) {
    let reviewer = service.reviewer().await;
    let bodies = bodies.into_iter().map(|body| decide(service, report, &reviewer, body));
    let responses = futures_util::future::join_all(bodies).await;
    let mut statuses: Vec<u16> =
        responses.iter().map(|response| response.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
    assert_eq!(events(service).await.len(), 1);
    assert_eq!(video(service, report).await["version"], 2);
}

async fn one_of_two_concurrent_reviewers_wins(service: Service) {
    let report = submitted(&service).await;
    race(&service, report, vec![approve(1), reject(1, "Темно")]).await;
}

async fn one_of_ten_concurrent_reviewers_wins(service: Service) {
    let report = submitted(&service).await;
    let bodies = (0..10).map(|number| reject(1, &format!("Причина {number}"))).collect();
    race(&service, report, bodies).await;
}

async fn a_decision_on_an_old_version_gets_the_current_state(service: Service) {
    let report = submitted(&service).await;
    let reviewer = service.reviewer().await;
    decided(&service, report, &reviewer, reject(1, "Темно")).await;
    for body in [approve(1), approve(0), approve(7)] {
        let conflict =
            problem(decide(&service, report, &reviewer, body).await, 409, "decision_conflict")
                .await;
        let decided_at = service.clock().now();
        let now = json!({
            "status_code": 4, "version": 2, "reject_reason": "Темно", "decided_at": decided_at,
        });
        assert_eq!(conflict["details"], now);
    }
    // A decision on the current version succeeds.
    assert_eq!(decided(&service, report, &reviewer, approve(2)).await["version"], 3);
    assert_eq!(decided(&service, report, &reviewer, reject(3, "Всё же")).await["status_code"], 4);
}

async fn a_report_without_a_video_cannot_be_decided(service: Service) {
    let report = service.report().await;
    let reviewer = service.reviewer().await;
    let conflict =
        problem(decide(&service, report, &reviewer, approve(0)).await, 409, "decision_conflict")
            .await;
    assert_eq!(conflict["details"]["status_code"], 1);
    assert_eq!(conflict["details"]["decided_at"], Value::Null);
    assert!(events(&service).await.is_empty());
}

/// S20
async fn reviewers_decide_only_reports_of_their_company_and_the_lessors_decide_all(
    service: Service,
) {
    let report = submitted(&service).await;
    let fixture = &service.env.fixture;
    let own = Person { id: PersonId(901), company: fixture.driver.company, role: Role::Reviewer };
    let other = Person { id: PersonId(902), company: CompanyId(99), role: Role::Reviewer };
    fixture.foreign_driver().await;
    fixture.add_person(own).await;
    fixture.add_person(other).await;
    let foreign = decide(&service, report, &service.token_of(other), approve(1)).await;
    let foreign = problem(foreign, 404, "not_found").await;
    let nothing = RefKey::mint(&fixture.clock, &fixture.random);
    let unknown = decide(&service, nothing, &service.token_of(own), approve(1)).await;
    let unknown = problem(unknown, 404, "not_found").await;
    assert_eq!(
        foreign["message"], unknown["message"],
        "the message does not reveal that the report exists"
    );
    decided(&service, report, &service.token_of(own), reject(1, "Темно")).await;
    decided(&service, report, &service.reviewer().await, approve(2)).await;
}

async fn only_reviewers_decide(service: Service) {
    let report = submitted(&service).await;
    let driver = service.env.fixture.driver;
    let admin = Person { id: PersonId(903), role: Role::Admin, ..driver };
    service.env.fixture.add_person(admin).await;
    for person in [driver, admin] {
        let response = decide(&service, report, &service.token_of(person), approve(1)).await;
        problem(response, 403, "forbidden").await;
    }
    problem(decide(&service, report, "none", approve(1)).await, 401, "token_invalid").await;
}

async fn a_form_decides_like_json(service: Service) {
    let report = submitted(&service).await;
    let reviewer = service.reviewer().await;
    let post = async |kind: &str, body: &str| {
        let request = Request::post(format!("/reports/{report}/decision"))
            .header("Authorization", format!("Bearer {reviewer}"))
            .header("Content-Type", kind);
        service.send(request.body(Body::from(body.to_owned())).unwrap()).await
    };
    let pairs = "application/x-www-form-urlencoded; charset=UTF-8";
    for body in [
        "",
        "decision=perhaps&version=1",
        "decision=approve",
        "decision=approve&version=",
        "decision=approve&version=-1",
        "decision=approve&version=one",
    ] {
        let refused = post(pairs, body).await;
        let details = problem(refused, 422, "validation_failed").await["details"].clone();
        assert!(details["body"].is_string(), "{body}");
    }
    let unexplained =
        problem(post(pairs, "decision=reject&version=1").await, 422, "validation_failed");
    assert!(unexplained.await["details"]["reason"].is_string());
    let rejected =
        post(pairs, "decision=reject&version=1&reason=%D0%A2%D0%B5%D0%BC%D0%BD%D0%BE+1").await;
    let data = body_of(rejected).await["data"].clone();
    assert_eq!((&data["status_code"], &data["reject_reason"]), (&json!(4), &json!("Темно 1")));
    let parts = "--x\r\nContent-Disposition: form-data; name=\"decision\"\r\n\r\napprove\r\n--x\r\n\
        Content-Disposition: form-data; name=\"version\"\r\n\r\n2\r\n--x--\r\n";
    let approved = post("multipart/form-data; boundary=x", parts).await;
    assert_eq!(body_of(approved).await["data"]["status_code"], 3);
}

async fn invalid_decisions_are_refused_with_the_field(service: Service) {
    let report = submitted(&service).await;
    let reviewer = service.reviewer().await;
    let refused = |body: Value, status: u16| {
        let (service, reviewer) = (&service, &reviewer);
        async move {
            let response = decide(service, report, reviewer, body).await;
            problem(response, status, "validation_failed").await["details"].clone()
        }
    };
    for reason in ["", " \n ", "a\u{0}b", &"ж".repeat(2_001)] {
        assert!(refused(reject(1, reason), 422).await["reason"].is_string(), "{reason:?}");
    }
    for body in [
        json!({}),
        json!([]),
        json!({ "decision": "perhaps", "version": 1 }),
        json!({ "decision": "approve" }),
        json!({ "decision": "approve", "version": "one" }),
        json!({ "decision": "approve", "version": 1.5 }),
        // A negative version is invalid, not a wildcard.
        approve(-1),
        reject(-1, "Темно"),
        json!({ "decision": "reject", "version": 1, "reason": 7 }),
    ] {
        assert!(refused(body.clone(), 422).await["body"].is_string(), "{body}");
    }
    for text in ["", "{", "\u{feff}", "{\"decision\":\"approve\",\"version\":1} x"] {
        let response = send(&service, report, &reviewer, text.to_owned()).await;
        problem(response, 400, "validation_failed").await;
    }
    let long = format!("{{\"reason\":\"{}\"}}", "a".repeat(20_000));
    problem(send(&service, report, &reviewer, long).await, 413, "body_too_large").await;
    let whole = reject(1, &"ж".repeat(2_000));
    assert_eq!(decided(&service, report, &reviewer, whole).await["version"], 2);
}

/// A decision of 1C, by a direct call of the function that its messages use.
async fn one_c_decides_without_a_version_idempotently(service: Service) {
    let report = service.report_in(ReportStatus::Submitted).await;
    let decision_of = |decision, reason: &str| NewDecision {
        ref_key: report,
        decision,
        reason: reason.to_owned(),
        rejection: None,
        version: None,
        scope: None,
        actor: "node:main".to_owned(),
    };
    let leasing = &service.app.state.leasing;
    let negative = NewDecision { version: Some(-1), ..decision_of(Decision::Reject, "Темно") };
    assert!(matches!(leasing.record(&negative).await, Err(DecisionError::Conflict(_))));
    let first = leasing.record(&decision_of(Decision::Reject, "Темно")).await.unwrap();
    let again = leasing.record(&decision_of(Decision::Reject, "Темно")).await.unwrap();
    assert_eq!(first, again);
    assert_eq!((first.version, first.decided_by.as_str()), (1, "node:main"));
    let then = leasing.record(&decision_of(Decision::Approve, "")).await.unwrap();
    assert_eq!((then.version, then.status), (2, ReportStatus::Approved));
    let events = events(&service).await;
    assert_eq!(events.len(), 2);
    assert_eq!(
        events[0]["data"]["submission_id"],
        Value::Null,
        "1C decided a report that has no submission here"
    );

    let without_video =
        NewDecision { ref_key: service.report().await, ..decision_of(Decision::Approve, "") };
    let refused = leasing.record(&without_video).await.unwrap_err();
    assert!(matches!(refused, DecisionError::Conflict(_)));
}

/// Q35: the version is optional.
async fn one_c_decides_over_http_with_its_account(service: Service) {
    let report = submitted(&service).await;
    account::add_node(&service, account::NODE).await;
    let path = format!("/reports/{report}/decision");
    let send = async |name: &str, value: String, body: String| {
        let request = Request::post(&path).header(name, value);
        service.send(request.body(Body::from(body)).unwrap()).await
    };
    let basic = || account::basic(account::NODE, account::PASSWORD);
    let key = format!("{}:{}", account::NODE, account::PASSWORD);

    let with_bom = format!("\u{feff}{}", json!({ "decision": "reject", "reason": "Темно" }));
    let response = send("Authorization", basic(), with_bom).await;
    assert_eq!(response.status(), 200);
    let data = &body_of(response).await["data"];
    assert_eq!((&data["status_code"], &data["version"]), (&json!(4), &json!(2)));

    let stale = send("X-API-Key", key.clone(), approve(1).to_string()).await;
    problem(stale, 409, "decision_conflict").await;
    assert_eq!(send("X-API-Key", key, approve(2).to_string()).await.status(), 200);
    let by = format!("node:{}", account::NODE);
    let events = events(&service).await;
    let deciders: Vec<_> = events.iter().map(|event| &event["data"]["decided_by"]).collect();
    assert_eq!(deciders, [&json!(by), &json!(by)]);

    let wrong = send("Authorization", account::basic(account::NODE, "?"), String::new()).await;
    problem(wrong, 401, "credentials_invalid").await;
    problem(send("Accept", "*/*".to_owned(), String::new()).await, 401, "token_invalid").await;
}
