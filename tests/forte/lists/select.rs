//! The reports of one vehicle (E8).

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::model::{ReportStatus, VehicleGuid};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::{all_keys, get, keys, list, texts};
use crate::harness::answers::problem;
use crate::harness::fleet::ReportSpec;
use crate::harness::service::{Service, on_both_backends};

use crate::harness::rows::{NewVehicle, Rows};
use ReportStatus::{Approved, AwaitingVideo, Submitted};

on_both_backends! {
    a_vehicle_is_returned_with_its_reports,
    a_vehicle_without_a_contract_has_the_contract_of_its_newest_report,
    the_picture_is_included_on_request,
    a_vehicle_is_found_by_type_and_plate,
    unknown_foreign_and_deleted_vehicles_get_the_same_404,
}

const PICTURE: &str =
    "UPDATE vehicle_types SET picture = 'iVBORw0KGgo=', picture_tag = '0123456789abcdef'";

fn select(vehicle: VehicleGuid) -> String {
    format!("/reports/vehicle/select/{vehicle}")
}

/// E8, R11, Q39
async fn a_vehicle_is_returned_with_its_reports(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &["Салон"]).await;
    let (vehicle, other) = (fixture.vehicle(kind, "1").await, fixture.vehicle(kind, "2").await);
    let contract = fixture.contract("№36/20 (ДЛ)", "2027-11-16T00:00:00+05:00").await;
    fixture.database.put_under_contract(vehicle, contract).await.unwrap();
    let waiting = fixture.report_with_period(vehicle, AwaitingVideo, (0, 4)).await;
    let new = fixture.report_with_period(vehicle, Submitted, (-1, 4)).await;
    let old = fixture.report_with_period(vehicle, Approved, (-100, -90)).await;
    fixture.report_with_period(other, AwaitingVideo, (0, 4)).await;
    let data = list(&service, director, &select(vehicle)).await;
    assert_eq!(keys(&data, "important"), texts([waiting]));
    assert_eq!(keys(&data, "general"), texts([new, old]));
    let this = &data["info"]["this"];
    assert_eq!(this["contract_number"], "№36/20 (ДЛ)");
    assert_eq!(this["contract_date_end"], "2027-11-16T00:00:00");
    assert_eq!((&this["plate_number"], &this["vin_code"]), (&json!("1"), &json!("VIN1")));
    assert!(this["image_path"].as_str().unwrap().ends_with(&format!("/images/{kind}/image.png")));
    assert!(data.get("filter").is_none());
    let upper_case = format!("/reports/vehicle/select/{}/", vehicle.to_string().to_uppercase());
    assert_eq!(list(&service, director, &upper_case).await, data);
    // Its type is in the map even when it has no report.
    service.env.db.execute("UPDATE reports SET deleted = 1").await;
    let data = list(&service, director, &select(vehicle)).await;
    assert_eq!(all_keys(&data), texts::<String>([]));
    let types = &data["info"]["by_vehicle_type_code"];
    assert_eq!(types[kind.to_string()]["instructions"], json!({ "1": "Салон" }));
}

/// R11
async fn a_vehicle_without_a_contract_has_the_contract_of_its_newest_report(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let vehicle = fixture.vehicle(kind, "1").await;
    let this = async || list(&service, director, &select(vehicle)).await["info"]["this"].clone();
    assert_eq!(this().await["contract_number"], "");
    fixture.report_with_period(vehicle, Approved, (-100, -90)).await;
    let newest = ReportSpec {
        contract: "№1 новый".to_owned(),
        ..fixture.report_spec(vehicle, AwaitingVideo)
    };
    let newest_key = newest.ref_key;
    fixture.add_reports(vec![newest]).await;
    let seen = this().await;
    assert_eq!(
        (&seen["contract_number"], &seen["contract_date_end"]),
        (&json!("№1 новый"), &json!(""))
    );
    let contract = fixture.contract("№2", "2027-11-16T00:00:00+05:00").await;
    let sql =
        format!("UPDATE reports SET contract_ref = '{contract}' WHERE ref_key = '{newest_key}'");
    service.env.db.execute(sql).await;
    let seen = this().await;
    assert_eq!(seen["contract_number"], "№2");
    assert_eq!(seen["contract_date_end"], "2027-11-16T00:00:00");
    // A deleted contract is not shown; the report keeps its own text.
    service.env.db.execute("UPDATE contracts SET deleted = 1").await;
    assert_eq!(this().await["contract_number"], "№1 новый");
}

/// Q26
async fn the_picture_is_included_on_request(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let vehicle = fixture.vehicle(kind, "1").await;
    let path = select(vehicle);
    let with_picture = format!("{path}?image=base64");
    let this = |data: Value| data["info"]["this"].clone();
    assert!(this(list(&service, director, &path).await).get("image_base64").is_none());
    let placeholder = this(list(&service, director, &with_picture).await)["image_base64"].clone();
    let placeholder = STANDARD.decode(placeholder.as_str().unwrap()).unwrap();
    let address = format!("/images/{kind}/image.png");
    let served = service.send(Request::get(&address).body(Body::empty()).unwrap()).await;
    assert_eq!(served.into_body().collect().await.unwrap().to_bytes(), placeholder);
    service.env.db.execute(PICTURE).await;
    let seen = this(list(&service, director, &with_picture).await);
    assert_eq!(seen["image_base64"], "iVBORw0KGgo=");
    let address = format!("/images/{kind}/image.png?v=0123456789abcdef");
    assert!(seen["image_path"].as_str().unwrap().ends_with(&address), "{seen}");
    assert!(seen["image_path"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{seen}");
    let response = get(&service, director, &format!("{path}?image=png")).await;
    problem(response, 422, "validation_failed").await;
}

/// Q25
async fn a_vehicle_is_found_by_type_and_plate(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let cars = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let trucks = fixture.vehicle_type("Грузовой автомобиль", &[]).await;
    let vehicle = fixture.vehicle(cars, "264 / LE 02").await;
    fixture.vehicle(trucks, "264 / LE 02").await;
    let key = fixture.report_with_period(vehicle, AwaitingVideo, (0, 4)).await;
    let path = format!("/reports/vehicle/select/{cars}/264%20%2F%20LE%2002");
    let found = list(&service, director, &path).await;
    assert_eq!(found, list(&service, director, &select(vehicle)).await);
    assert_eq!(all_keys(&found), texts([key]));
    for (query, matches) in [
        (format!("vehicle_type_code={cars}"), true),
        (format!("vehicle_type_code={trucks}"), false),
        ("vehicle_plate_number=264+%2F%20LE%2002".to_owned(), true),
        ("vehicle_plate_number=1".to_owned(), false),
        ("vehicle_plate_number=NULL&vehicle_type_code=null".to_owned(), true),
        (format!("vehicle_type_code={cars}&vehicle_plate_number=1"), false),
    ] {
        let data = list(&service, director, &format!("{}?{query}", select(vehicle))).await;
        assert_eq!(all_keys(&data), texts(matches.then_some(key)), "{query}");
        assert_eq!(data["info"]["this"]["vin_code"], "VIN264 / LE 02");
    }
    let wrong = get(&service, director, &format!("{}?vehicle_type_code=1", select(vehicle))).await;
    problem(wrong, 422, "validation_failed").await;
    for rest in [format!("{trucks}/1"), format!("{vehicle}/1"), "x/1".to_owned()] {
        let response = get(&service, director, &format!("/reports/vehicle/select/{rest}")).await;
        problem(response, 404, "not_found").await;
    }
}

/// Q25, S20
async fn unknown_foreign_and_deleted_vehicles_get_the_same_404(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let other = fixture.foreign_driver().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
    let foreign = fixture.vehicle_spec(kind, "1");
    let foreign = NewVehicle {
        guid: foreign.guid,
        company: other.company,
        plate_number: foreign.plate,
        vin_code: foreign.vin,
        type_code: kind,
    };
    fixture.database.add_vehicle(&foreign).await.unwrap();
    let deleted = fixture.vehicle(kind, "DELETED").await;
    service.env.db.execute("UPDATE vehicles SET deleted = 1 WHERE plate_number = 'DELETED'").await;
    let unknown = fixture.vehicle_spec(kind, "2").guid;
    let mut messages = Vec::new();
    let ids = [
        foreign.guid.to_string(),
        deleted.to_string(),
        unknown.to_string(),
        "x".to_owned(),
        "%FF".to_owned(),
    ];
    for id in ids {
        let path = format!("/reports/vehicle/select/{id}");
        let data = problem(get(&service, director, &path).await, 404, "not_found").await;
        messages.push((data["message"].clone(), data["details"].clone()));
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let path = format!("/reports/vehicle/select/{kind}/DELETED");
    problem(get(&service, director, &path).await, 404, "not_found").await;
    // Its own company sees it.
    assert_eq!(get(&service, other, &select(foreign.guid)).await.status(), 200);
}
