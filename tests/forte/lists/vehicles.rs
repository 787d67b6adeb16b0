//! One row for each vehicle (E7).

use forte_media::model::ReportStatus;
use serde_json::json;

use super::{all_keys, keys, list, texts};
use crate::harness::service::{Service, on_both_backends};

use ReportStatus::{Approved, AwaitingVideo, Rejected, Submitted};

on_both_backends! {
    each_vehicle_shows_its_most_important_report,
    filters_apply_before_the_report_is_chosen,
    vehicles_are_in_the_blocks_of_their_reports,
}

/// Q24, R7: expired first, then statuses 4, 1, 2, 3; for equal ones the latest deadline.
async fn each_vehicle_shows_its_most_important_report(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &["Салон"]).await;
    let ranks = [
        (AwaitingVideo, (-30, -2)),
        (Rejected, (-30, -4)),
        (Rejected, (-30, 9)),
        (Rejected, (-30, 8)),
        (AwaitingVideo, (-30, 10)),
        (AwaitingVideo, (-30, 5)),
        (Submitted, (-30, 20)),
        (Submitted, (-30, -9)),
        (Approved, (-30, 30)),
        (Approved, (-30, -9)),
    ];
    let mut expected = Vec::new();
    for first in 0..ranks.len() {
        let vehicle = fixture.vehicle(kind, &first.to_string()).await;
        let mut best = None;
        for (status, days) in ranks.iter().skip(first).rev() {
            best = Some(fixture.report_with_period(vehicle, *status, *days).await);
        }
        expected.extend(best);
    }
    let data = list(&service, director, "/reports/vehicle/filter").await;
    let (mut found, mut expected) = (all_keys(&data), texts(expected));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let first = &data["reports"]["important"][0];
    assert_eq!(first["report_status_priority_code"], 4);
    assert_eq!(first["report_status_priority_title"], "Отказано");
    assert_eq!(first["status_expired_title"], "Просрочено");
    assert_eq!(first["status_expired_bool"], true);
    let titles = json!({ kind.to_string(): { "vehicle_type_title": "Легковой автомобиль" } });
    assert_eq!(data["info"]["by_vehicle_type_code"], titles);
    assert!(data["filter"].get("vehicle_type").is_none());
}

/// Q24, Q23
async fn filters_apply_before_the_report_is_chosen(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let vehicle = fixture.vehicle(kind, "1").await;
    let expired = fixture.report_with_period(vehicle, AwaitingVideo, (-60, -40)).await;
    let rejected = fixture.report_with_period(vehicle, Rejected, (-5, 5)).await;
    let waiting = fixture.report_with_period(vehicle, AwaitingVideo, (-5, 6)).await;
    let sent = fixture.report_with_period(vehicle, Submitted, (-5, 7)).await;
    let old = fixture.report_with_period(vehicle, Approved, (-700, -600)).await;
    for (rest, expected) in [
        ("NULL/NULL", Some(expired)),
        ("NULL/1w", Some(rejected)),
        ("1/NULL", Some(expired)),
        ("1/1w", Some(waiting)),
        ("2/NULL", Some(sent)),
        ("3", Some(old)),
        ("3/1y", None),
        ("4/1m", Some(rejected)),
    ] {
        let data = list(&service, director, &format!("/reports/vehicle/filter/{rest}")).await;
        assert_eq!(all_keys(&data), texts(expected), "{rest}");
    }
}

/// Q10, E7
async fn vehicles_are_in_the_blocks_of_their_reports(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let mut filed = Vec::new();
    for (status, days) in [
        (AwaitingVideo, (0, 9)),
        (Rejected, (0, 3)),
        (AwaitingVideo, (-9, -1)),
        (Approved, (-50, -40)),
        (Submitted, (-3, 3)),
    ] {
        let vehicle = fixture.vehicle(kind, "x").await;
        filed.push(fixture.report_with_period(vehicle, status, days).await);
    }
    // A vehicle without reports is not in the list.
    fixture.vehicle(kind, "none").await;
    let data = list(&service, director, "/reports/vehicle/filter").await;
    assert_eq!(keys(&data, "important"), texts([filed[2], filed[1], filed[0]]));
    assert_eq!(keys(&data, "general"), texts([filed[4], filed[3]]));
}
