//! Directors and 1C issue, repeat and revoke film links.

use forte_media::model::ReportStatus;
use jiff::SignedDuration;
use serde_json::json;

use super::{director, exchange, issued, open, secret, send};
use crate::harness::account::{self, NODE, PASSWORD};
use crate::harness::answers::problem;
use crate::harness::service::{Service, json as body_of, on_both_backends};

on_both_backends! {
    a_director_gets_the_same_link_until_it_is_revoked,
    each_issuer_has_a_link_of_its_own,
    a_link_needs_a_report_that_waits_for_a_video,
    unknown_revoked_and_expired_links_get_the_same_answer,
    the_database_has_no_secret,
    links_are_deleted_long_after_they_expire,
    a_loop_of_issuing_and_revoking_does_not_fill_the_table,
}

async fn a_director_gets_the_same_link_until_it_is_revoked(service: Service) {
    let (report, director) = (service.report().await, director(&service).await);
    let first = issued(&service, report, &director).await;
    assert!(first["url"].as_str().unwrap().starts_with("http://127.0.0.1:8080/drive/film#"));
    let week = service.clock().now() + SignedDuration::from_hours(168);
    assert_eq!(first["expires_at"], week.to_string());
    assert_eq!(secret(&first).len(), 32);

    let longer =
        send(&service, "POST", report, &director, &json!({ "valid_for_hours": 720 })).await;
    let longer = body_of(longer).await["data"].clone();
    assert_eq!((&longer["url"], &longer["id"]), (&first["url"], &first["id"]));
    let month = service.clock().now() + SignedDuration::from_hours(720);
    assert_eq!(longer["expires_at"], month.to_string());
    assert_eq!(
        issued(&service, report, &director).await,
        longer,
        "a repeated request does not shorten the validity"
    );

    let revoked = send(&service, "DELETE", report, &director, &json!({})).await;
    assert_eq!(body_of(revoked).await["data"]["revoked"], 1);
    let again = send(&service, "DELETE", report, &director, &json!({})).await;
    assert_eq!(body_of(again).await["data"]["revoked"], 0);
    assert_ne!(issued(&service, report, &director).await["url"], first["url"]);
}

async fn each_issuer_has_a_link_of_its_own(service: Service) {
    let (report, director) = (service.report().await, director(&service).await);
    account::add_node(&service, NODE).await;
    let onec = account::basic(NODE, PASSWORD);
    let own = issued(&service, report, &director).await;
    // 1C passes the link on to a driver, so it needs `http.public_url`.
    assert_eq!(issued(&service, report, &onec).await["url"], json!(null));
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM film_links").await, 2);
    let revoked = send(&service, "DELETE", report, &onec, &json!({})).await;
    assert_eq!(body_of(revoked).await["data"]["revoked"], 2);
    problem(exchange(&service, &secret(&own)).await, 404, "not_found").await;
}

async fn a_link_needs_a_report_that_waits_for_a_video(service: Service) {
    let director = director(&service).await;
    let report = async |status| service.env.fixture.report_in(status).await;
    let post = async |report| send(&service, "POST", report, &director, &json!({})).await;
    assert_eq!(post(report(ReportStatus::Rejected).await).await.status(), 201);
    let submitted = post(report(ReportStatus::Submitted).await).await;
    problem(submitted, 422, "report_already_submitted").await;
    problem(post(report(ReportStatus::Approved).await).await, 422, "report_closed").await;
    let open = report(ReportStatus::AwaitingVideo).await;
    for hours in [json!(0), json!(721), json!("x"), json!(-1)] {
        let body = json!({ "valid_for_hours": hours });
        let refused = send(&service, "POST", open, &director, &body).await;
        let refused = problem(refused, 422, "validation_failed").await;
        assert!(refused["details"]["valid_for_hours"].is_string(), "{hours}");
    }
}

async fn unknown_revoked_and_expired_links_get_the_same_answer(service: Service) {
    let director = director(&service).await;
    let (one, other) = (service.report().await, service.report().await);
    let expired = issued(&service, one, &director).await;
    service.env.fixture.manual_clock.advance(SignedDuration::from_hours(168));
    let director = super::director(&service).await;
    let revoked = issued(&service, other, &director).await;
    send(&service, "DELETE", other, &director, &json!({})).await;
    let mut answers = Vec::new();
    for secret in [secret(&expired), secret(&revoked), "x".repeat(32), String::new()] {
        let mut answer = problem(exchange(&service, &secret).await, 404, "not_found").await;
        answer["request_id"] = json!(null);
        answers.push(answer);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

async fn the_database_has_no_secret(service: Service) {
    let (report, director) = (service.report().await, director(&service).await);
    let link = issued(&service, report, &director).await;
    let film = open(&service, &link).await;
    let columns = "SELECT id, secret_hash, ref_key, issuer, name, mobile FROM film_links";
    let row = service.env.db.rows(columns).await.remove(0);
    assert!(!row.contains(&secret(&link)), "{row}");
    assert!(row.ends_with("|person:7|Айбек|+7 701 000 00 01"), "{row}");
    let cookie = film.cookie.split_once('=').unwrap().1;
    let sessions = service.env.db.rows("SELECT secret_hash, person_id FROM sessions").await;
    assert!(sessions.iter().all(|row| !row.contains(cookie)), "{sessions:?}");
}

async fn links_are_deleted_long_after_they_expire(service: Service) {
    let (report, director) = (service.report().await, director(&service).await);
    issued(&service, report, &director).await;
    let count = async || service.env.db.number("SELECT COUNT(*) FROM film_links").await;
    service.env.fixture.manual_clock.advance(SignedDuration::from_hours(24 * 36));
    service.app.state.auth.purge_sign_ins().await.unwrap();
    assert_eq!(count().await, 1);
    service.env.fixture.manual_clock.advance(SignedDuration::from_hours(24 * 2));
    service.app.state.auth.purge_sign_ins().await.unwrap();
    assert_eq!(count().await, 0);
}

async fn a_loop_of_issuing_and_revoking_does_not_fill_the_table(service: Service) {
    let (report, director) = (service.report().await, director(&service).await);
    for _ in 0..23 {
        issued(&service, report, &director).await;
        send(&service, "DELETE", report, &director, &json!({})).await;
    }
    issued(&service, report, &director).await;
    let count = "SELECT COUNT(*) FROM film_links WHERE revoked_at";
    assert_eq!(service.env.db.number(format!("{count} > 0")).await, 20);
    assert_eq!(service.env.db.number(format!("{count} = 0")).await, 1);
}
