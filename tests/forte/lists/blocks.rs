//! The two blocks of a list: their rows, order and texts.

use forte_media::model::{ReportStatus, TypeCode, VehicleGuid};
use serde_json::json;

use super::{all_keys, keys, list, texts};
use crate::harness::fleet::{ReportSpec, at};
use crate::harness::service::{Service, on_both_backends};

use ReportStatus::{Approved, AwaitingVideo, Rejected, Submitted};

on_both_backends! {
    reports_are_sorted_within_two_blocks,
    a_report_without_a_video_expires_at_the_end_of_its_last_day,
    empty_lists_and_maps_have_the_types_of_the_document,
    texts_of_1c_are_returned_unchanged,
    the_filter_has_all_vehicles_and_info_only_the_types_of_listed_reports,
    objects_deleted_by_1c_are_not_listed,
    a_report_of_a_vehicle_that_moved_to_another_company_hides_the_vehicle,
}

const EVERYTHING: &str = "/reports/general/filter/NULL/NULL/NULL";

async fn vehicle(service: &Service) -> VehicleGuid {
    let kind =
        service.env.fixture.vehicle_type("Легковой автомобиль", &["Сфотографировать салон"]).await;
    service.env.fixture.vehicle(kind, "123ABC02").await
}

/// Q10, R5, R6, E6
async fn reports_are_sorted_within_two_blocks(service: Service) {
    let fixture = &service.env.fixture;
    let (director, vehicle) = (fixture.director().await, vehicle(&service).await);
    let later = fixture.report_with_period(vehicle, AwaitingVideo, (-1, 9)).await;
    let expired = fixture.report_with_period(vehicle, Rejected, (-30, -5)).await;
    let long_expired = fixture.report_with_period(vehicle, AwaitingVideo, (-60, -40)).await;
    let sooner = fixture.report_with_period(vehicle, Rejected, (-3, 2)).await;
    let old = fixture.report_with_period(vehicle, Approved, (-200, -190)).await;
    let new = fixture.report_with_period(vehicle, Submitted, (-2, 8)).await;
    let data = list(&service, director, EVERYTHING).await;
    assert_eq!(keys(&data, "important"), texts([long_expired, expired, sooner, later]));
    assert_eq!(keys(&data, "general"), texts([new, old]));
    let flags = data["reports"]["important"].as_array().unwrap().iter();
    let flags: Vec<_> = flags.map(|row| row["status_expired_bool"].clone()).collect();
    assert_eq!(flags, [true, true, false, false]);
}

/// Q11, Q12, Q13, Q31: midnight means the end of that day in Almaty; statuses 2 and 3 never expire.
async fn a_report_without_a_video_expires_at_the_end_of_its_last_day(service: Service) {
    let fixture = &service.env.fixture;
    let (director, vehicle) = (fixture.director().await, vehicle(&service).await);
    service.manual_clock().set(at("2026-05-20T18:59:59Z"));
    let spec = |status| ReportSpec {
        starts_at: Some(at("2026-05-03T00:00:00+05:00")),
        finishes_at: Some(at("2026-05-20T00:00:00+05:00")),
        ..fixture.report_spec(vehicle, status)
    };
    let endless = ReportSpec { finishes_at: None, ..spec(AwaitingVideo) };
    let endless_key = endless.ref_key.to_string();
    fixture
        .add_reports(vec![
            spec(AwaitingVideo),
            spec(Rejected),
            spec(Submitted),
            spec(Approved),
            endless,
        ])
        .await;
    let expiry = async || {
        let data = list(&service, director, EVERYTHING).await;
        let mut expiry = Vec::new();
        for row in ["important", "general"]
            .iter()
            .flat_map(|block| data["reports"][block].as_array().unwrap())
        {
            let code = row["status_code"].as_i64().unwrap();
            let endless = row["ref_key"] == endless_key;
            assert_eq!(row["date_start_render"], "03 мая 2026");
            assert_eq!(row["date_finish_render"], if endless { "" } else { "20 мая 2026" });
            let finish = if endless { "" } else { "2026-05-20T00:00:00" };
            assert_eq!(row["date_finish_datetime"], finish);
            let title = row["status_expired_title"].as_str().unwrap().to_owned();
            expiry.push((code, endless, title, row["status_expired_bool"].as_bool().unwrap()));
        }
        expiry.sort();
        expiry
    };
    assert!(expiry().await.iter().all(|(_, _, title, expired)| title.is_empty() && !expired));
    service.manual_clock().set(at("2026-05-20T19:00:00Z"));
    let expired = |code| (code, false, "Просрочено".to_owned(), true);
    let not_expired = |code, endless| (code, endless, String::new(), false);
    let expected = [
        expired(1),
        not_expired(1, true),
        not_expired(2, false),
        not_expired(3, false),
        expired(4),
    ];
    assert_eq!(expiry().await, expected);
}

/// Q10, Q27: an empty list is `[]`, an empty map is `{}`.
async fn empty_lists_and_maps_have_the_types_of_the_document(service: Service) {
    let director = service.env.fixture.director().await;
    let data = list(&service, director, EVERYTHING).await;
    assert_eq!(data["reports"], json!({ "important": [], "general": [] }));
    assert_eq!(data["info"], json!({ "by_vehicle_type_code": {} }));
    assert_eq!(data["filter"]["vehicle_type"], json!([]));
    let ranges = json!({ "1w": "Неделя", "1m": "Месяц", "6m": "Полгода", "1y": "Год" });
    assert_eq!(data["filter"]["date_range"], ranges);
    let states = json!({ "1": "Сдать Отчет", "2": "Отправлено", "3": "Одобрено", "4": "Отказано" });
    assert_eq!(data["filter"]["status"], states);
}

/// Q29, Q30, Q40
async fn texts_of_1c_are_returned_unchanged(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Тип \"А\" / «Б»", &[]).await;
    let odd = fixture.vehicle_spec(kind, "плита \\ № 1\t🚗");
    let vehicle = fixture.add_vehicle(odd).await;
    let spec = ReportSpec {
        number: "6".to_owned(),
        contract: "№27/19 (ДФЛ)</script>".to_owned(),
        ..fixture.report_spec(vehicle, Approved)
    };
    fixture.add_reports(vec![spec]).await;
    let reason = "UPDATE reports SET reject_reason = '89898989898989\nihghghghh'";
    service.env.db.execute(reason).await;
    let data = list(&service, director, EVERYTHING).await;
    let row = &data["reports"]["general"][0];
    assert_eq!(row["plate_number"], "плита \\ № 1\t🚗");
    assert_eq!(row["report_number"], "6");
    assert_eq!(row["contract_number"], "№27/19 (ДФЛ)</script>");
    assert_eq!(row["reject_reason"], "89898989898989\nihghghghh");
    let title = &data["info"]["by_vehicle_type_code"][kind.to_string()]["vehicle_type_title"];
    assert_eq!(*title, "Тип \"А\" / «Б»");
}

/// Q28, Q27
async fn the_filter_has_all_vehicles_and_info_only_the_types_of_listed_reports(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let steps: Vec<String> = (1..=11).map(|step| format!("Шаг {step}")).collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let cars = fixture.vehicle_type("Легковой автомобиль", &steps).await;
    let trucks = fixture.vehicle_type("Грузовой автомобиль", &[]).await;
    let buses = fixture.vehicle_type("Пассажирский транспорт", &[]).await;
    let mut vehicles = Vec::new();
    for (kind, plate) in [(cars, "1"), (cars, "2"), (trucks, ""), (buses, "4"), (cars, "3")] {
        vehicles.push((kind, plate, fixture.vehicle(kind, plate).await));
    }
    fixture.report_with_period(vehicles[0].2, AwaitingVideo, (0, 5)).await;
    fixture.report_with_period(vehicles[2].2, Submitted, (0, 5)).await;
    let data = list(&service, director, EVERYTHING).await;
    let groups = data["filter"]["vehicle_type"].as_array().unwrap();
    assert_eq!(groups.len(), 3);
    for kind in [cars, trucks, buses] {
        let mut expected: Vec<_> = vehicles.iter().filter(|(of, ..)| *of == kind).collect();
        expected.sort_by_key(|(.., guid)| *guid);
        let expected: Vec<_> = expected
            .iter()
            .map(|(_, plate, guid)| json!({ "vehicle_guid": guid, "plate_number": plate }))
            .collect();
        let group = json!({ "ref_key": kind, "vehicles": expected });
        assert!(groups.contains(&group), "{group}");
    }
    let types = data["info"]["by_vehicle_type_code"].as_object().unwrap();
    assert_eq!(types.len(), 2);
    assert_eq!(types[&trucks.to_string()]["instructions"], json!([]));
    let steps: Vec<_> = steps.iter().enumerate().map(|(at, text)| (at + 1, *text)).collect();
    let instructions = types[&cars.to_string()]["instructions"].as_object().unwrap();
    assert_eq!(instructions.len(), steps.len());
    for (number, text) in steps {
        assert_eq!(instructions[&number.to_string()], text);
    }
    assert_numeric_order(&service, director).await;
}

/// Keys are in numeric order in the text; a JSON parser may lose their order.
async fn assert_numeric_order(service: &Service, director: forte_media::model::Person) {
    use http_body_util::BodyExt as _;

    let response = super::get(service, director, EVERYTHING).await;
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&bytes).unwrap();
    let places: Vec<_> =
        (1..=11).map(|step| text.find(&format!("\"{step}\":\"Шаг {step}\"")).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

/// A report of a deleted vehicle keeps its own texts.
async fn objects_deleted_by_1c_are_not_listed(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let (sold, kept) = (fixture.vehicle(kind, "SOLD").await, fixture.vehicle(kind, "KEPT").await);
    let deleted = fixture.report_with_period(kept, AwaitingVideo, (0, 5)).await;
    let of_sold = fixture.report_with_period(sold, AwaitingVideo, (0, 6)).await;
    let of_kept = fixture.report_with_period(kept, Submitted, (0, 5)).await;
    let db = &service.env.db;
    db.execute("UPDATE vehicles SET deleted = 1 WHERE plate_number = 'SOLD'").await;
    db.execute(format!("UPDATE reports SET deleted = 1 WHERE ref_key = '{deleted}'")).await;
    let data = list(&service, director, EVERYTHING).await;
    assert_eq!(all_keys(&data), texts([of_sold, of_kept]));
    assert_eq!(data["reports"]["important"][0]["plate_number"], "SOLD");
    let choices = &data["filter"]["vehicle_type"];
    assert_eq!(choices[0]["vehicles"], json!([{ "vehicle_guid": kept, "plate_number": "KEPT" }]));
    let by_vehicle = list(&service, director, "/reports/vehicle/filter").await;
    assert_eq!(all_keys(&by_vehicle), texts([of_kept]));
    db.execute("UPDATE vehicle_types SET deleted = 1").await;
    let data = list(&service, director, EVERYTHING).await;
    // The type of every row is in the map, because clients look it up without a check.
    let explained = &data["info"]["by_vehicle_type_code"][kind.to_string()];
    assert_eq!(explained["vehicle_type_title"], "Легковой автомобиль");
    assert_eq!(data["reports"]["important"][0]["vehicle_type_code"], TypeCode::to_string(&kind));
}

/// S20: the report itself stays with the company it was created for.
async fn a_report_of_a_vehicle_that_moved_to_another_company_hides_the_vehicle(service: Service) {
    let fixture = &service.env.fixture;
    let (director, vehicle) = (fixture.director().await, vehicle(&service).await);
    let report = fixture.report_with_period(vehicle, AwaitingVideo, (0, 5)).await;
    fixture.foreign_driver().await;
    service.env.db.execute("UPDATE vehicles SET company_id = 99").await;
    let data = list(&service, director, EVERYTHING).await;
    let row = &data["reports"]["important"][0];
    assert_eq!(all_keys(&data), texts([report]));
    assert_eq!((&row["plate_number"], &row["vin_code"]), (&json!(""), &json!("")));
    let push = fixture.database.push_report(report).await.unwrap().unwrap();
    assert_eq!(push.plate_number, "");
}
