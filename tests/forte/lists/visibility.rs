//! Which reports and vehicles each person sees.

use forte_media::model::{Person, PersonId, ReportStatus, Role, VehicleGuid};
use serde_json::json;

use super::{all_keys, get, list, texts};
use crate::harness::answers::problem;
use crate::harness::service::{Backend, Options, Service, on_both_backends};

use ReportStatus::{AwaitingVideo, Submitted};

on_both_backends! {
    drivers_see_assigned_vehicles_and_directors_see_all,
    drivers_of_a_company_without_assignments_see_all,
    the_filter_of_drivers_has_plates_and_vehicles,
    people_of_another_company_see_nothing,
}

const LISTS: [&str; 2] = ["/reports/general/filter", "/reports/vehicle/filter"];

/// Adds three vehicles with a report each.
async fn add_vehicles(service: &Service) -> Vec<(VehicleGuid, String)> {
    let fixture = &service.env.fixture;
    let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let mut all = Vec::new();
    for (plate, days) in [("A", 5), ("B", 6), ("C", 7)] {
        let vehicle = fixture.vehicle(kind, plate).await;
        all.push((
            vehicle,
            fixture.report_with_period(vehicle, AwaitingVideo, (0, days)).await.to_string(),
        ));
    }
    all
}

/// Asserts that the person sees exactly these of the vehicles, in every list and by their own path.
async fn assert_sees(
    service: &Service,
    person: Person,
    all: &[(VehicleGuid, String)],
    seen: &[usize],
) {
    let expected: Vec<_> = seen.iter().map(|at| all[*at].1.clone()).collect();
    for path in LISTS {
        assert_eq!(all_keys(&list(service, person, path).await), expected, "{path}");
    }
    for (at, (vehicle, key)) in all.iter().enumerate() {
        let path = format!("/reports/vehicle/select/{vehicle}");
        let filtered =
            list(service, person, &format!("/reports/general/filter/0/0/{vehicle}")).await;
        if seen.contains(&at) {
            assert_eq!(all_keys(&list(service, person, &path).await), texts([key]));
            assert_eq!(all_keys(&filtered), texts([key]));
        } else {
            problem(get(service, person, &path).await, 404, "not_found").await;
            assert_eq!(all_keys(&filtered), texts::<String>([]));
        }
    }
    let data = list(service, person, LISTS[0]).await;
    let groups = data["filter"]["vehicle_type"].as_array().unwrap();
    let choices: usize =
        groups.iter().map(|group| group["vehicles"].as_array().unwrap().len()).sum();
    assert_eq!(choices, seen.len());
}

/// Q37, E6, E7, E8
async fn drivers_see_assigned_vehicles_and_directors_see_all(service: Service) {
    let fixture = &service.env.fixture;
    let (director, driver) = (fixture.director().await, fixture.driver);
    let all = add_vehicles(&service).await;
    let key = fixture.key();
    let known = Person { id: PersonId(200), ..driver };
    fixture.add_named_person(known, "Марат", "+7 777 000 00 00", Some(key)).await;
    let unknown = Person { id: PersonId(201), ..driver };
    fixture.add_named_person(unknown, "Ерлан", "", None).await;
    // By phone number in another spelling, by key, and by both.
    fixture.assign(all[0].0, None, "8 (701) 000-00-00").await;
    fixture.assign(all[1].0, Some(key), "").await;
    fixture.assign(all[2].0, Some(key), "87770000000").await;
    assert_sees(&service, director, &all, &[0, 1, 2]).await;
    assert_sees(&service, driver, &all, &[0]).await;
    assert_sees(&service, known, &all, &[1, 2]).await;
    // An assignment without a phone number does not match a driver without one.
    fixture.assign(all[0].0, None, "").await;
    assert_sees(&service, unknown, &all, &[]).await;
    let sql = format!("UPDATE assignments SET deleted = 1 WHERE vehicle_guid = '{}'", all[2].0);
    service.env.db.execute(sql).await;
    assert_sees(&service, known, &all, &[1]).await;
}

/// Q37
async fn drivers_of_a_company_without_assignments_see_all(service: Service) {
    let fixture = &service.env.fixture;
    let all = add_vehicles(&service).await;
    assert_sees(&service, fixture.driver, &all, &[0, 1, 2]).await;
    fixture.assign(all[0].0, Some(fixture.key()), "").await;
    assert_sees(&service, fixture.driver, &all, &[]).await;
    service.env.db.execute("UPDATE assignments SET deleted = 1").await;
    assert_sees(&service, fixture.driver, &all, &[0, 1, 2]).await;
}

/// Q37
#[tokio::test]
async fn drivers_see_all_when_the_setting_says_so() {
    let options = Options {
        settings: vec![("LEASING__EMPLOYEES_SEE", "all".to_owned())],
        ..Options::default()
    };
    let service = Box::pin(Service::start_with(Backend::Embedded, options)).await.unwrap();
    let all = add_vehicles(&service).await;
    service.env.fixture.assign(all[0].0, None, "+77010000000").await;
    assert_sees(&service, service.env.fixture.driver, &all, &[0, 1, 2]).await;
}

/// Q8
async fn the_filter_of_drivers_has_plates_and_vehicles(service: Service) {
    let fixture = &service.env.fixture;
    let (director, driver) = (fixture.director().await, fixture.driver);
    let (cars, trucks) =
        (fixture.vehicle_type("Легковой", &[]).await, fixture.vehicle_type("Грузовой", &[]).await);
    let mut vehicles = Vec::new();
    for (kind, plate) in [(cars, "1"), (trucks, ""), (cars, "2")] {
        vehicles.push((kind, plate, fixture.vehicle(kind, plate).await));
    }
    let report = fixture.report_with_period(vehicles[0].2, Submitted, (0, 5)).await;
    let data = list(&service, driver, LISTS[0]).await;
    assert_eq!(data["reports"]["general"][0]["vehicle_guid"], vehicles[0].2.to_string());
    assert_eq!(data["reports"]["general"][0]["ref_key"], report.to_string());
    let groups = data["filter"]["vehicle_type"].as_array().unwrap();
    let of = |kind| groups.iter().find(|group| group["ref_key"] == json!(kind)).unwrap();
    assert_eq!(of(cars)["plate_numbers"], json!(["1", "2"]));
    assert_eq!(
        of(cars)["vehicles"][1],
        json!({ "vehicle_guid": vehicles[2].2, "plate_number": "2" })
    );
    assert_eq!(of(trucks)["plate_numbers"], json!([""]));
    let data = list(&service, director, LISTS[0]).await;
    for group in data["filter"]["vehicle_type"].as_array().unwrap() {
        assert!(group.get("plate_numbers").is_none());
    }
}

/// S20
async fn people_of_another_company_see_nothing(service: Service) {
    let fixture = &service.env.fixture;
    let all = add_vehicles(&service).await;
    let employee = fixture.foreign_driver().await;
    let admin = Person { id: PersonId(998), role: Role::Admin, ..employee };
    fixture.add_named_person(admin, "Чужой", "+77770000001", None).await;
    for person in [employee, admin] {
        assert_sees(&service, person, &all, &[]).await;
    }
    for path in LISTS {
        let anonymous = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        problem(service.send(anonymous).await, 401, "token_invalid").await;
    }
}
