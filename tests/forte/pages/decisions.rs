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
