//! Asking for a code (E1): the answer, the mail, and what a stranger learns.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Response;
use forte_media::ledger::EventState;
use forte_media::model::{CompanyId, Role};
use jiff::SignedDuration;
use serde_json::json;

use crate::harness::answers::problem;
use crate::harness::phone::{BIIN, NOBODY, Phone, asking};
use crate::harness::service::{Service, header, json, on_both_grounds};

on_both_grounds! {
    a_code_is_asked_for_as_the_document_says,
    a_mail_learns_all_it_says_from_the_challenge,
    nobody_learns_whether_there_is_such_a_bin,
    a_code_is_nowhere_in_the_ledger,
}

/// E1, Q6
async fn a_code_is_asked_for_as_the_document_says(service: Service) {
    for phone in [Phone::director(), Phone::driver()] {
        let response = phone.ask(&service).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
        assert_eq!(header(&response, "cache-control"), "no-store");
        let data = json!({
            "message": "OTP is sent to your email.", "code": 200, "email": "c****0@example.test",
        });
        assert_eq!(json(response).await, json!({ "status": "ok", "data": data }));
    }
}

/// Q5: the director sees whom they let in; nobody is let in yet.
async fn a_mail_learns_all_it_says_from_the_challenge(service: Service) {
    let phone = Phone::driver();
    phone.code(&service).await;
    let id = phone.challenge(&service).await;
    let row = service.ledger().challenge(id).await.unwrap().unwrap();
    let now = service.ruins.house.now();
    assert_eq!((row.id, row.company, row.role), (id, CompanyId(20), Role::Employee));
    assert_eq!(row.biin, BIIN);
    assert_eq!(
        (row.email.as_str(), row.company_name.as_str()),
        ("company20@example.test", "Company 20")
    );
    assert_eq!((row.first_name.as_str(), row.mobile.as_str()), ("Иван", "87781578800"));
    assert_eq!(row.uuid, phone.uuid);
    assert_eq!((row.made_at, row.expires_at), (now, now + SignedDuration::from_mins(10)));
    assert!(row.open);
    assert_eq!(service.ruins.db.number("SELECT COUNT(*) FROM people").await, 1);

    let events = service.ledger().events(None, 10).await.unwrap();
    let [mail] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((mail.kind.as_str(), mail.state), ("mail.code", EventState::Pending));
    assert_eq!(mail.subject, format!("challenge:{id}"));
    assert_eq!(mail.body, json!({ "challenge_id": id }).to_string());
    let expires = service.ruins.db.number("SELECT expires_at FROM outbox").await;
    assert_eq!(expires, row.expires_at.as_microsecond());
}

/// What can be seen of an answer: its status, its headers, the shape of its body.
async fn seen(response: Response<Body>) -> (u16, BTreeSet<String>, String) {
    let headers = response.headers().keys().map(ToString::to_string).collect();
    let status = response.status().as_u16();
    let answer = json(response).await;
    let email = answer["data"]["email"].as_str().unwrap().to_owned();
    let (local, domain) = email.split_once('@').unwrap();
    assert_eq!((local.len(), &local[1..5]), (6, "****"), "{email}");
    assert!(domain.contains('.'), "{email}");
    (status, headers, answer.to_string().replace(&email, "…"))
}

/// S1: the same answer, and as many rows; so also for a blocked company, and one without a mailbox.
async fn nobody_learns_whether_there_is_such_a_bin(service: Service) {
    let db = &service.ruins.db;
    let rows = async || {
        let challenges = db.number("SELECT COUNT(*) FROM challenges").await;
        (challenges, db.number("SELECT COUNT(*) FROM outbox").await)
    };
    service.ruins.house.stranger().await;
    db.tamper("UPDATE companies SET active = 0 WHERE id = 99").await;
    let known = seen(Phone::director().ask(&service).await).await;
    assert_eq!(rows().await, (1, 1));
    for (number, biin) in (2..).zip([NOBODY, "990140001234"]) {
        assert_eq!(seen(Phone::director().at(biin).ask(&service).await).await, known, "{biin}");
        assert_eq!(rows().await, (number, number));
    }
    let first = json(Phone::driver().at(NOBODY).ask(&service).await).await;
    let again = json(Phone::director().at(NOBODY).ask(&service).await).await;
    assert_eq!(first, again);
    db.tamper("UPDATE companies SET email = ''").await;
    assert_eq!(seen(Phone::driver().ask(&service).await).await, known);
    // Nobody is written to but the one there is.
    assert_eq!(db.number("SELECT COUNT(*) FROM outbox WHERE state = 'pending'").await, 1);
    assert_eq!(db.number("SELECT COUNT(*) FROM challenges WHERE company_id = 20").await, 1);
    // And no code of theirs opens anything.
    let phone = Phone::director().at(NOBODY);
    let code = service.app.leasing.code_of(phone.challenge(&service).await);
    problem(phone.give(&service, &code).await, 401, "otp_invalid").await;
}

/// S7
async fn a_code_is_nowhere_in_the_ledger(service: Service) {
    let phone = Phone::driver();
    let code = phone.code(&service).await;
    let id = phone.challenge(&service).await;
    let row = service.ledger().challenge(id).await.unwrap().unwrap();
    let mail = service.ledger().events(None, 1).await.unwrap().remove(0);
    // Ids and times may hold any four digits; all else is as it was given.
    let said =
        format!("{row:?}{mail:?}").replace(&id.to_string(), "").replace(&mail.id.to_string(), "");
    let said = said.replace(&row.made_at.to_string(), "").replace(&row.expires_at.to_string(), "");
    assert!(!said.contains(&format!("\"{code}\"")), "{said}");
}

/// S2
#[tokio::test]
async fn a_path_that_is_not_twelve_digits_is_refused_and_nothing_is_written() {
    let service = Service::embedded().await;
    for biin in
        ["20094002614", "2009400261466", "20094002614x", "%D9%A2", "%FF", "200940026146%20", "-"]
    {
        let request = asking(biin).body(Phone::director().fields().to_string().into()).unwrap();
        problem(service.send(request).await, 400, "validation_failed").await;
    }
    assert_eq!(service.ruins.db.number("SELECT COUNT(*) FROM challenges").await, 0);
}

/// Q38
#[tokio::test]
async fn a_wrong_check_digit_is_let_through() {
    let service = Service::embedded().await;
    assert_eq!(Phone::director().at("200940026147").ask(&service).await.status(), 200);
}

#[tokio::test]
async fn a_code_is_asked_for_by_post_only() {
    let service = Service::embedded().await;
    for method in ["GET", "PUT", "DELETE"] {
        let request = axum::http::Request::builder().method(method).uri(format!("/biin/{BIIN}"));
        let response = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(header(&response, "allow"), "POST");
        problem(response, 405, "method_not_allowed").await;
    }
}

/// Tables are away: the phone is told to come back.
#[tokio::test]
async fn a_ledger_that_is_away_is_said() {
    let service = Service::embedded().await;
    let code = Phone::director().code(&service).await;
    service.app.ledger.close().await;
    for response in
        [Phone::director().ask(&service).await, Phone::director().give(&service, &code).await]
    {
        assert_eq!(header(&response, "retry-after"), "5");
        problem(response, 503, "storage_unavailable").await;
    }
}
