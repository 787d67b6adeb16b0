//! Requests for a code (E1): the response, the mail, and that nothing reveals whether a BIN exists.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Response;
use forte_media::database::EventState;
use forte_media::model::{CompanyId, Role};
use jiff::SignedDuration;
use serde_json::json;

use crate::harness::answers::problem;
use crate::harness::phone::{BIIN, Phone, UNKNOWN_BIIN, code_request};
use crate::harness::service::{Backend, Options, Service, header, json, on_both_backends};

on_both_backends! {
    a_code_request_gets_the_response_of_the_document,
    a_challenge_has_everything_the_mail_needs,
    responses_do_not_reveal_whether_a_bin_exists,
}

/// E1, Q6
async fn a_code_request_gets_the_response_of_the_document(service: Service) {
    for phone in [Phone::director(), Phone::driver()] {
        let response = phone.request_code(&service).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
        assert_eq!(header(&response, "cache-control"), "no-store");
        let data = json!({
            "message": "OTP is sent to your email.", "code": 200, "email": "c****0@example.test",
        });
        assert_eq!(json(response).await, json!({ "status": "ok", "data": data }));
    }
}

/// Q5: the mail names the person; no person is created before the sign-in.
async fn a_challenge_has_everything_the_mail_needs(service: Service) {
    let phone = Phone::driver();
    phone.code(&service).await;
    let id = phone.challenge(&service).await;
    let row = service.database().challenge(id).await.unwrap().unwrap();
    let now = service.env.fixture.now();
    assert_eq!((row.id, row.company, row.role), (id, CompanyId(20), Role::Employee));
    assert_eq!(row.biin, BIIN);
    assert_eq!(
        (row.email.as_str(), row.company_name.as_str()),
        ("company20@example.test", "Company 20")
    );
    assert_eq!((row.first_name.as_str(), row.mobile.as_str()), ("Иван", "87781578800"));
    assert_eq!(row.uuid, phone.uuid);
    assert_eq!((row.created_at, row.expires_at), (now, now + SignedDuration::from_mins(10)));
    assert!(row.open);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM people").await, 1);

    let events = service.database().events(None, 10).await.unwrap();
    let [mail] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((mail.kind.as_str(), mail.state), ("mail.code", EventState::Pending));
    assert_eq!(mail.subject, format!("challenge:{id}"));
    assert_eq!(mail.body, json!({ "challenge_id": id }).to_string());
    let expires = service.env.db.number("SELECT expires_at FROM outbox").await;
    assert_eq!(expires, row.expires_at.as_microsecond());
}

/// What a caller can observe: status, header names, and the body without the random email mask.
async fn observable(response: Response<Body>) -> (u16, BTreeSet<String>, String) {
    let headers = response.headers().keys().map(ToString::to_string).collect();
    let status = response.status().as_u16();
    let body = json(response).await;
    let email = body["data"]["email"].as_str().unwrap().to_owned();
    let (local, domain) = email.split_once('@').unwrap();
    assert_eq!((local.len(), &local[1..5]), (6, "****"), "{email}");
    assert!(domain.contains('.'), "{email}");
    (status, headers, body.to_string().replace(&email, "…"))
}

/// S1: the same response and number of rows, also for a blocked company and one without a mailbox.
async fn responses_do_not_reveal_whether_a_bin_exists(service: Service) {
    let db = &service.env.db;
    let tables = db.tables().await;
    let rows = async || {
        let mut rows = Vec::new();
        for table in &tables {
            rows.push(db.number(format!("SELECT COUNT(*) FROM {table}")).await);
        }
        rows
    };
    let added = |before: &[i64], after: &[i64]| -> Vec<i64> {
        after.iter().zip(before).map(|(after, before)| after - before).collect()
    };
    service.env.fixture.foreign_driver().await;
    db.execute("UPDATE companies SET active = 0 WHERE id = 99").await;
    let before = rows().await;
    let known = observable(Phone::director().request_code(&service).await).await;
    let added_by_known = added(&before, &rows().await);
    assert_eq!(added_by_known.iter().sum::<i64>(), 2, "a challenge and a message");
    for biin in [UNKNOWN_BIIN, "990140001234"] {
        let before = rows().await;
        assert_eq!(
            observable(Phone::director().at(biin).request_code(&service).await).await,
            known,
            "{biin}"
        );
        assert_eq!(added(&before, &rows().await), added_by_known, "{biin}, of {tables:?}");
    }
    let first = json(Phone::driver().at(UNKNOWN_BIIN).request_code(&service).await).await;
    let again = json(Phone::director().at(UNKNOWN_BIIN).request_code(&service).await).await;
    assert_eq!(first, again);
    db.execute("UPDATE companies SET email = ''").await;
    assert_eq!(observable(Phone::driver().request_code(&service).await).await, known);
    // Only the existing mailbox gets a mail.
    assert_eq!(db.number("SELECT COUNT(*) FROM outbox WHERE state = 'pending'").await, 1);
    assert_eq!(db.number("SELECT COUNT(*) FROM challenges WHERE company_id = 20").await, 1);
    // The code for an unknown BIN does not sign in.
    let phone = Phone::director().at(UNKNOWN_BIIN);
    let code = service.app.state.auth.code_of(phone.challenge(&service).await);
    problem(phone.redeem_code(&service, &code).await, 401, "otp_invalid").await;
}

/// S7: no column of any table has the code, before and after its mail is sent. Eight digits do not occur
/// in ids by chance.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_not_stored_in_the_database() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let settings = vec![("AUTH__OTP_DIGITS", "8".to_owned())];
        let options = Options { settings, ..Options::default() };
        let Some(service) = Box::pin(Service::start_with(backend, options)).await else { continue };
        let phone = Phone::driver();
        let code = phone.code(&service).await;
        assert_eq!(code.len(), 8);
        let assert_absent = async |when: &str| {
            let rows = service.env.db.dump().await;
            assert!(rows.iter().any(|row| row.starts_with("challenges: ")), "{when}");
            let found: Vec<_> = rows.iter().filter(|row| row.contains(&code)).collect();
            assert!(found.is_empty(), "{when}: {found:?}");
        };
        assert_absent("requested").await;
        service.deliver().await;
        assert_eq!(service.mails().len(), 1);
        assert_absent("sent").await;
        assert_eq!(phone.redeem_code(&service, &code).await.status(), 200);
        assert_absent("used").await;
    }
}

/// S2
#[tokio::test]
async fn a_path_without_twelve_digits_is_refused_and_writes_nothing() {
    let service = Service::embedded().await;
    for biin in
        ["20094002614", "2009400261466", "20094002614x", "%D9%A2", "%FF", "200940026146%20", "-"]
    {
        let request =
            code_request(biin).body(Phone::director().fields().to_string().into()).unwrap();
        problem(service.send(request).await, 400, "validation_failed").await;
    }
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM challenges").await, 0);
}

/// Q38
#[tokio::test]
async fn a_wrong_check_digit_is_accepted() {
    let service = Service::embedded().await;
    assert_eq!(Phone::director().at("200940026147").request_code(&service).await.status(), 200);
}

#[tokio::test]
async fn codes_are_requested_only_by_post() {
    let service = Service::embedded().await;
    for method in ["GET", "PUT", "DELETE"] {
        let request = axum::http::Request::builder().method(method).uri(format!("/biin/{BIIN}"));
        let response = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(header(&response, "allow"), "POST");
        problem(response, 405, "method_not_allowed").await;
    }
}

#[tokio::test]
async fn an_unavailable_database_gets_503_with_retry_after() {
    let service = Service::embedded().await;
    let code = Phone::director().code(&service).await;
    service.app.database.close().await;
    for response in [
        Phone::director().request_code(&service).await,
        Phone::director().redeem_code(&service, &code).await,
    ] {
        assert_eq!(header(&response, "retry-after"), "5");
        problem(response, 503, "storage_unavailable").await;
    }
}
