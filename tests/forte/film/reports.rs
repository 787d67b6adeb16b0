//! The reports that a driver films, and those that were sent.

use forte_media::leasing::FilmReport;
use forte_media::model::{Instruction, Person, RefKey, ReportStatus};
use serde_json::json;

use crate::harness::clips::GOOD;
use crate::harness::service::{Service, on_both_backends};
use crate::harness::tus;

use ReportStatus::{Approved, AwaitingVideo, Rejected, Submitted};

on_both_backends! {
    rejected_reports_come_first_then_the_earliest_deadline,
    a_driver_films_assigned_reports_and_a_director_all,
    sent_reports_are_sorted_by_their_latest_video,
    instructions_fall_back_to_russian,
}

async fn to_film(service: &Service, person: &Person) -> Vec<RefKey> {
    keys(service.app.state.leasing.reports_to_film(person).await.unwrap())
}

fn keys(reports: Vec<FilmReport>) -> Vec<RefKey> {
    reports.into_iter().map(|report| report.ref_key).collect()
}

async fn rejected_reports_come_first_then_the_earliest_deadline(service: Service) {
    let fixture = &service.env.fixture;
    let kind = fixture.vehicle_type("Самосвал", &["Пробег", "Кузов"]).await;
    let vehicle = fixture.vehicle(kind, "417 KZT 02").await;
    let report = async |status, days| fixture.report_with_period(vehicle, status, days).await;
    let late = report(AwaitingVideo, (-20, 9)).await;
    let overdue = report(AwaitingVideo, (-20, -5)).await;
    let rejected = report(Rejected, (-20, 20)).await;
    report(Submitted, (-20, 1)).await;
    report(Approved, (-20, 1)).await;
    assert_eq!(to_film(&service, &fixture.driver).await, [rejected, overdue, late]);
    let leasing = &service.app.state.leasing;
    let shown = leasing.report_to_film(&fixture.driver, overdue).await.unwrap().unwrap();
    assert_eq!((shown.plate.as_str(), shown.type_title.as_str()), ("417 KZT 02", "Самосвал"));
    assert_eq!((shown.status, shown.is_expired, shown.version), (AwaitingVideo, true, 0));
    assert_eq!(shown.instructions, ["Пробег", "Кузов"].map(Instruction::of));
    assert!(shown.due_at.is_some() && shown.received_at.is_none() && shown.rejection.is_none());
}

async fn a_driver_films_assigned_reports_and_a_director_all(service: Service) {
    let fixture = &service.env.fixture;
    let kind = fixture.vehicle_type("Самосвал", &[]).await;
    let (mine, other) = (fixture.vehicle(kind, "A").await, fixture.vehicle(kind, "B").await);
    let own = fixture.report_with_period(mine, AwaitingVideo, (0, 5)).await;
    let foreign = fixture.report_with_period(other, AwaitingVideo, (0, 6)).await;
    fixture.assign(mine, None, "8 (701) 000-00-00").await;
    let director = fixture.director().await;
    let stranger = fixture.foreign_driver().await;
    assert_eq!(to_film(&service, &fixture.driver).await, [own]);
    assert_eq!(to_film(&service, &director).await, [own, foreign]);
    assert_eq!(to_film(&service, &stranger).await, []);
    let leasing = &service.app.state.leasing;
    assert!(leasing.report_to_film(&fixture.driver, foreign).await.unwrap().is_none());
    assert!(leasing.report_to_film(&stranger, own).await.unwrap().is_none());
}

async fn sent_reports_are_sorted_by_their_latest_video(service: Service) {
    let (first, second) = (service.report().await, service.report().await);
    for report in [second, first] {
        service.env.fixture.manual_clock.advance(jiff::SignedDuration::from_secs(60));
        let path = tus::create(&service, report, GOOD.len()).await;
        assert_eq!(tus::patch(&service, &path, 0, GOOD).await.status(), 204);
    }
    let leasing = &service.app.state.leasing;
    let sent = leasing.reports_sent(&service.env.fixture.driver).await.unwrap();
    assert_eq!(sent[0].received_at, Some(service.clock().now()));
    assert_eq!(keys(sent), [first, second]);
    assert_eq!(to_film(&service, &service.env.fixture.driver).await, []);
}

async fn instructions_fall_back_to_russian(service: Service) {
    let fixture = &service.env.fixture;
    let item = json!({ "ref_key": "6b1c93a2-d1bd-11ec-8a4e-005056aaa4ae", "title": "Самосвал",
        "instructions": [
            { "no": 2, "text": "Кузов", "kk": "Шанақ", "en": "The body", "short": " Кузов " },
            { "no": 1, "text": "Пробег", "kk": " ", "en": null },
            "Салон",
        ] });
    let body = item.to_string();
    let (state, kind) = (&service.app.state, forte_media::onec::ObjectKind::VehicleType);
    let key = item["ref_key"].as_str().unwrap();
    state.inbox.put("almaty", kind, key, body.as_bytes()).await.unwrap();
    let vehicle = fixture.vehicle(key.parse().unwrap(), "A").await;
    let report = fixture.report_with_period(vehicle, AwaitingVideo, (0, 5)).await;
    let shown = state.leasing.report_to_film(&fixture.driver, report).await.unwrap().unwrap();
    let body = Instruction {
        ru: "Кузов".to_owned(),
        kk: "Шанақ".to_owned(),
        en: "The body".to_owned(),
        short: "Кузов".to_owned(),
    };
    assert_eq!(shown.instructions, [Instruction::of("Пробег"), body, Instruction::of("Салон")]);
}
