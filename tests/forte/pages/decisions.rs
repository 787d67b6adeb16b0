//! Claims and decisions through forms without scripts, by two reviewers at a time, and across a restart.

use axum::http::Response;
use forte_media::model::ReportStatus;
use jiff::SignedDuration;

use super::submitted;
use super::visitor::{Page, Visitor};
use crate::harness::service::{Options, Service, header, on_both_backends};

on_both_backends! {
    one_of_two_browsers_gets_a_report,
    a_rejection_by_form_reaches_the_driver,
    a_decision_is_undone_by_form_after_a_restart,
    an_undo_after_the_restart_is_too_late,
    a_refused_form_keeps_its_input,
    a_form_that_was_undone_decides_nothing_when_it_is_sent_again,
    an_answer_offers_an_undo_only_while_there_is_one,
    an_undo_arrives_before_its_decision,
    a_void_decision_is_said_until_the_message_is_closed,
    a_form_of_another_session_says_that_the_page_is_old,
}

const TEN: SignedDuration = SignedDuration::from_secs(10);

fn location(response: &Response<axum::body::Body>) -> &str {
    assert_eq!(response.status(), 303);
    header(response, "location")
}

/// Rejects the report through the form of its page. Returns the target of the redirect.
async fn reject(service: &Service, visitor: &Visitor, report: &str) -> String {
    let page = visitor.page(service, &format!("/review/report/{report}?reject=1")).await;
    let mut fields = page.fields("id=\"reject-form\"");
    fields.extend([("code", "plate"), ("text", "Снимите днём.")]);
    location(&visitor.form(service, "/review/decide", &fields).await).to_owned()
}

async fn one_of_two_browsers_gets_a_report(service: Service) {
    let report = submitted(&service).await.to_string();
    let dina = Visitor::reviewer(&service, "dina").await;
    let marat = Visitor::reviewer(&service, "marat").await;
    let fields = [("ref_key", &*report)];
    let (one, other) = tokio::join!(
        dina.script(&service, "/review/claim", &fields),
        marat.script(&service, "/review/claim", &fields)
    );
    let mut states = [one.1["state"].clone(), other.1["state"].clone()];
    states.sort_by_key(ToString::to_string);
    assert_eq!(states, ["held", "mine"]);
    let (holder, loser) = if one.1["state"] == "mine" { (dina, marat) } else { (marat, dina) };
    let page = loser.page(&service, &format!("/review/report/{report}")).await;
    assert!(page.html.contains("data-part=\"claim\">"), "the page names the holder");
    let mut fields = page.fields("data-part=\"approve\"");
    let refused = Page::of(loser.form(&service, "/review/decide", &fields).await).await;
    assert_eq!(refused.status, 409);
    fields = page.fields("data-part=\"take-over\"");
    let taken = loser.form(&service, "/review/take-over", &fields).await;
    assert_eq!(location(&taken), format!("/review/report/{report}"));
    let (_, kept) = holder.script(&service, "/review/keep", &[("ref_key", &report)]).await;
    assert_eq!(kept["state"], "held");
}

async fn a_rejection_by_form_reaches_the_driver(service: Service) {
    let (report, second) = (submitted(&service).await, submitted(&service).await);
    let dina = Visitor::reviewer(&service, "dina").await;
    let next = reject(&service, &dina, &report.to_string()).await;
    assert_eq!(next, format!("/review/report/{second}"), "the next report opens by itself");
    let page = dina.page(&service, &next).await;
    assert_eq!(page.fields("data-part=\"undo\"").len(), 1, "the undo is a form of the next page");
    service.manual_clock().advance(TEN);
    assert_eq!(service.app.state.review.settle_due().await.unwrap(), 1);
    let stored = service.database().report(report).await.unwrap().unwrap();
    assert_eq!(stored.status, ReportStatus::Rejected);
    let reason = "SELECT reject_reason FROM reports WHERE status_code = 4";
    let reason = service.env.db.rows(reason).await.concat();
    assert!(
        reason.contains("Не читается госномер.") && reason.contains("Снимите днём."),
        "{reason}"
    );
    let day = dina.page(&service, "/review/day").await;
    assert!(day.html.contains("Снимите днём."));
}

async fn a_decision_is_undone_by_form_after_a_restart(service: Service) {
    let report = submitted(&service).await;
    let dina = Visitor::reviewer(&service, "dina").await;
    let next = reject(&service, &dina, &report.to_string()).await;
    assert_eq!(next, "/review");
    let service = Service::on(service.crash().await, "one", Options::default()).await;
    let page = dina.page(&service, &next).await;
    let undone = dina.form(&service, "/review/undo", &page.fields("data-part=\"undo\"")).await;
    let back = location(&undone);
    assert_eq!(back, format!("/review/report/{report}?done=undone"));
    assert!(dina.page(&service, back).await.html.contains("class=\"notice good\""));
    service.manual_clock().advance(TEN);
    assert_eq!(service.app.state.review.settle_due().await.unwrap(), 0);
    let stored = service.database().report(report).await.unwrap().unwrap();
    assert_eq!(stored.status, ReportStatus::Submitted);
}

async fn an_undo_after_the_restart_is_too_late(service: Service) {
    let report = submitted(&service).await;
    let dina = Visitor::reviewer(&service, "dina").await;
    reject(&service, &dina, &report.to_string()).await;
    let page = dina.page(&service, "/review").await;
    let service = Service::on(service.crash().await, "one", Options::default()).await;
    service.manual_clock().advance(TEN);
    assert_eq!(service.app.state.review.settle_due().await.unwrap(), 1);
    let late = dina.form(&service, "/review/undo", &page.fields("data-part=\"undo\"")).await;
    assert_eq!(location(&late), format!("/review/report/{report}?done=late"));
    let stored = service.database().report(report).await.unwrap().unwrap();
    assert_eq!(stored.status, ReportStatus::Rejected);
}

async fn a_refused_form_keeps_its_input(service: Service) {
    let report = submitted(&service).await.to_string();
    let dina = Visitor::reviewer(&service, "dina").await;
    let page = dina.page(&service, &format!("/review/report/{report}?reject=1")).await;
    let fields = page.fields("id=\"reject-form\"");
    let empty = Page::of(dina.form(&service, "/review/decide", &fields).await).await;
    assert_eq!(empty.status, 422);
    assert!(empty.html.contains("id=\"problem\"") && empty.html.contains("<title>Ошибка"));
    let mut changed = fields.clone();
    changed.retain(|(name, _)| *name != "version");
    changed.extend([("version", "7"), ("code", "blur"), ("text", "Слишком темно <b>")]);
    let refused = Page::of(dina.form(&service, "/review/decide", &changed).await).await;
    assert_eq!(refused.status, 409);
    assert!(refused.html.contains("Слишком темно &#60;b&#62;"), "{}", refused.html);
    assert!(refused.html.contains("value=\"blur\" checked"));
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM console_decisions").await, 0);
}

async fn a_form_that_was_undone_decides_nothing_when_it_is_sent_again(service: Service) {
    let report = submitted(&service).await;
    let dina = Visitor::reviewer(&service, "dina").await;
    let page = dina.page(&service, &format!("/review/report/{report}")).await;
    let fields = page.fields("data-part=\"approve\"");
    let first = dina.form(&service, "/review/decide", &fields).await;
    let second = dina.form(&service, "/review/decide", &fields).await;
    assert_eq!(location(&first), location(&second), "a double click decides once");
    let queue = dina.page(&service, "/review").await;
    dina.form(&service, "/review/undo", &queue.fields("data-part=\"undo\"")).await;
    // The page before, by the button of the browser.
    let again = Page::of(dina.form(&service, "/review/decide", &fields).await).await;
    assert_eq!(again.status, 409);
    assert!(again.html.contains("Решение отменено."), "{}", again.html);
    assert_ne!(again.fields("data-part=\"approve\"")[0], fields[0], "the page has a new id");
}

async fn an_answer_offers_an_undo_only_while_there_is_one(service: Service) {
    let report = submitted(&service).await;
    let dina = Visitor::reviewer(&service, "dina").await;
    let page = dina.page(&service, &format!("/review/report/{report}")).await;
    let fields = page.fields("data-part=\"approve\"");
    let (status, answer) = dina.script(&service, "/review/decide", &fields).await;
    assert_eq!((status, &answer["undo"]["id"]), (200, &fields[0].1.into()));
    let state_of = format!("/review/decision?id={}", fields[0].1);
    assert_eq!(dina.page(&service, &state_of).await.html, r#"{"state":"pending"}"#);
    service.manual_clock().advance(TEN);
    service.app.state.review.settle_due().await.unwrap();
    let (status, answer) = dina.script(&service, "/review/decide", &fields).await;
    assert_eq!((status, answer["undo"].is_null()), (200, true), "the first answer was lost");
    assert_eq!(dina.page(&service, &state_of).await.html, r#"{"state":"effective"}"#);
    let marat = Visitor::reviewer(&service, "marat").await;
    assert_eq!(marat.get(&service, &state_of).await.status(), 404);
}

async fn an_undo_arrives_before_its_decision(service: Service) {
    let report = submitted(&service).await;
    let dina = Visitor::reviewer(&service, "dina").await;
    let page = dina.page(&service, &format!("/review/report/{report}")).await;
    let fields = page.fields("data-part=\"approve\"");
    let (status, undone) = dina.script(&service, "/review/undo", &fields).await;
    assert_eq!((status, &undone["state"]), (200, &"undone".into()));
    let (status, late) = dina.script(&service, "/review/decide", &fields).await;
    assert_eq!((status, &late["error"]), (409, &"undone".into()));
    service.manual_clock().advance(TEN);
    assert_eq!(service.app.state.review.settle_due().await.unwrap(), 0);
}

/// Whether the page has a message about a void decision; the sentence alone is in the texts of the scripts too.
fn says_void(page: &Page) -> bool {
    let is_message =
        |form: &str| form.contains("data-message=") && form.contains("решение не вступило в силу");
    page.html.split("<form").any(is_message)
}

async fn a_void_decision_is_said_until_the_message_is_closed(service: Service) {
    let report = submitted(&service).await;
    let dina = Visitor::reviewer(&service, "dina").await;
    let marat = Visitor::reviewer(&service, "marat").await;
    reject(&service, &dina, &report.to_string()).await;
    service.env.db.execute("UPDATE reports SET revision = revision + 1").await;
    service.manual_clock().advance(TEN);
    service.app.state.review.settle_due().await.unwrap();
    for path in ["/review", "/review/day", "/review/sessions", &format!("/review/report/{report}")]
    {
        assert!(says_void(&dina.page(&service, path).await), "{path}");
        assert!(!says_void(&marat.page(&service, path).await), "{path}");
    }
    let counts = dina.page(&service, "/review/counts").await;
    assert!(counts.html.contains("решение не вступило в силу"), "{}", counts.html);
    let page = dina.page(&service, "/review/day").await;
    let fields = page.fields("data-message=");
    marat.form(&service, "/review/seen", &fields).await;
    assert!(says_void(&dina.page(&service, "/review").await), "it is not Marat's");
    let closed = dina.form(&service, "/review/seen", &fields).await;
    assert_eq!(location(&closed), "/review/day");
    assert!(!says_void(&dina.page(&service, "/review").await));
}

async fn a_form_of_another_session_says_that_the_page_is_old(service: Service) {
    let report = submitted(&service).await;
    let dina = Visitor::reviewer(&service, "dina").await;
    let body = format!("csrf=x&ref_key={report}");
    let refused = Page::of(dina.send(&service, "/review/claim", "text/html", body).await).await;
    assert_eq!(refused.status, 403);
    assert!(refused.html.contains("Страница устарела."), "{}", refused.html);
}
