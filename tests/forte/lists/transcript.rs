//! The document's own requests, replayed; its own answers, beside ours.
//!
//! `document/` holds the example answers of the document (its surplus braces are gone, Q9, and its
//! tokens shortened). The database is filled with what they show. An answer of ours must have every key
//! of the example, with the same type, nesting and case; keys beyond it are listed here by name.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use forte_media::database::NewVehicle;
use forte_media::model::{Person, PersonId, ReportStatus, TypeCode};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::Value;

use super::{asked, list};
use crate::harness::fleet::{ReportSpec, almaty};
use crate::harness::service::{Service, json as body, on_both_backends};

on_both_backends! {
    the_list_of_employees_is_the_documents,
    the_deletion_of_an_employee_is_the_documents,
    the_list_of_reports_is_the_documents_for_both_roles,
    the_list_of_vehicles_is_the_documents_for_both_roles,
    the_selected_vehicle_is_the_documents_for_both_roles,
}

/// Keys of ours beyond the examples, by their path.
const EXTRAS_OF_A_DRIVER: [&str; 1] = [
    // Q8: the document's driver gets plates, a director vehicles; a driver of ours gets both.
    "data.filter.vehicle_type[].plate_numbers",
];

pub(super) fn example(name: &str) -> Value {
    let path = format!("{}/tests/forte/lists/document/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Fills the database with what an example shows. Types without instructions in it get none.
pub(super) async fn fill(service: &Service, example: &Value) {
    let fixture = &service.env.fixture;
    let data = &example["data"];
    let types = data["info"]["by_vehicle_type_code"].as_object().unwrap();
    for (code, kind) in types {
        let steps = kind["instructions"].as_object().into_iter().flatten();
        let mut steps: Vec<(u32, &str)> =
            steps.map(|(no, text)| (no.parse().unwrap(), text.as_str().unwrap())).collect();
        steps.sort_unstable();
        let steps: Vec<&str> = steps.into_iter().map(|(_, text)| text).collect();
        let title = kind["vehicle_type_title"].as_str().unwrap();
        fixture.add_vehicle_type(code.parse().unwrap(), title, &steps).await;
    }
    for block in ["important", "general"] {
        for row in data["reports"][block].as_array().unwrap() {
            add(service, row, &data["info"]["this"]).await;
        }
    }
}

/// Adds the report of a row, with its vehicle. What the row does not have, `this` may.
async fn add(service: &Service, row: &Value, this: &Value) {
    let fixture = &service.env.fixture;
    let text =
        |name: &str| row[name].as_str().or(this[name].as_str()).unwrap_or_default().to_owned();
    let kind: TypeCode = text("vehicle_type_code").parse().unwrap();
    let vehicle = NewVehicle {
        guid: text("vehicle_guid").parse().unwrap_or_else(|_| fixture.vehicle_spec(kind, "").guid),
        company: fixture.driver.company,
        plate_number: text("plate_number"),
        vin_code: text("vin_code"),
        type_code: kind,
    };
    fixture.database.add_vehicle(&vehicle).await.unwrap();
    let code = row["status_code"].as_i64().or(row["report_status_priority_code"].as_i64());
    let paper = ReportSpec {
        ref_key: text("ref_key").parse().unwrap(),
        number: text("report_number"),
        contract: text("contract_number"),
        starts_at: moment(&text("date_start_datetime")),
        finishes_at: moment(&text("date_finish_datetime")),
        ..fixture.report_spec(vehicle.guid, ReportStatus::try_from(code.unwrap()).unwrap())
    };
    fixture.add_reports(vec![paper]).await;
    let (reason, key) = (text("reject_reason"), text("ref_key"));
    let sql = format!("UPDATE reports SET reject_reason = '{reason}' WHERE ref_key = '{key}'");
    service.env.db.execute(sql).await;
}

fn moment(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    Some(almaty().to_timestamp(civil).unwrap())
}

/// Compares shapes: complaints about keys that are missing or of another type, names of the extras.
/// An example's empty list or empty map says nothing of what would be in it, and an example's list
/// has rows of one shape.
pub(super) fn compare(
    ours: &Value,
    example: &Value,
    path: &str,
    extras: &mut BTreeSet<String>,
) -> Vec<String> {
    match (ours, example) {
        (Value::Object(ours), Value::Object(example)) => {
            let mut wrong = Vec::new();
            for (key, value) in example {
                let inner = inner(path, key);
                match ours.get(key) {
                    Some(our) => wrong.extend(compare(our, value, &inner, extras)),
                    // Keys that are codes themselves name what is shown.
                    None if path.ends_with("by_vehicle_type_code") => {}
                    None => wrong.push(format!("{inner} is missing")),
                }
            }
            let more = ours.keys().filter(|key| !example.contains_key(*key));
            extras.extend(more.map(|key| inner(path, key)));
            wrong
        }
        (Value::Array(ours), Value::Array(example)) => {
            let Some(shape) = example.first() else { return Vec::new() };
            let path = format!("{path}[]");
            ours.iter().flat_map(|our| compare(our, shape, &path, extras)).collect()
        }
        (ours, example) if same_type(ours, example) => Vec::new(),
        // Instructions are an object or an empty list (Q27).
        (Value::Object(_), Value::Array(_)) | (Value::Array(_), Value::Object(_))
            if path.ends_with("instructions") =>
        {
            Vec::new()
        }
        _ => vec![format!("{path}: {ours} instead of {example}")],
    }
}

fn inner(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn same_type(ours: &Value, example: &Value) -> bool {
    std::mem::discriminant(ours) == std::mem::discriminant(example)
        && (ours.is_i64() == example.is_i64())
}

/// Compares shapes; the extras must be exactly these.
pub(super) fn assert_shape(ours: &Value, example: &Value, extras: &[&str]) {
    let mut found = BTreeSet::new();
    let wrong = compare(ours, example, "", &mut found);
    assert!(wrong.is_empty(), "{}\n{ours:#}", wrong.join("\n"));
    assert_eq!(found, extras.iter().map(ToString::to_string).collect::<BTreeSet<_>>());
}

async fn answer(service: &Service, person: Person, path: &str) -> Value {
    body(asked(service, person, path).await).await
}

/// The rows of a block by their keys: our order is Q10's, the document's is by chance.
pub(super) fn sorted(answer: &Value) -> Value {
    let mut reports = answer["data"]["reports"].clone();
    for block in ["important", "general"] {
        let rows = reports[block].as_array_mut().unwrap();
        rows.sort_by_key(|row| row["ref_key"].as_str().unwrap().to_owned());
    }
    reports
}

/// E4
async fn the_list_of_employees_is_the_documents(service: Service) {
    let fixture = &service.env.fixture;
    let (director, example) = (fixture.director().await, example("employee_list"));
    fixture.database.set_person_active(fixture.driver.id, false).await.unwrap();
    for row in example["data"]["employees"].as_array().unwrap() {
        let text = |name: &str| row[name].as_str().unwrap();
        // The document's 7 and 153 are taken by people of these tests.
        let id = PersonId(row["id"].as_i64().unwrap() + 1000);
        let person = Person { id, ..fixture.driver };
        fixture.add_named_person(person, text("first_name"), text("mobile"), None).await;
    }
    let mut ours = answer(&service, director, "/employee/list").await;
    assert_shape(&ours, &example, &[]);
    for row in ours["data"]["employees"].as_array_mut().unwrap() {
        row["id"] = (row["id"].as_i64().unwrap() - 1000).into();
    }
    assert_eq!(ours, example);
}

/// E5
async fn the_deletion_of_an_employee_is_the_documents(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let request = Request::delete("/employee/delete/153")
        .header("Authorization", format!("Bearer {}", service.token_of(director)));
    let ours = body(service.send(request.body(Body::empty()).unwrap()).await).await;
    assert_eq!(ours, example("employee_delete"));
}

/// E6: the very reports of the example, word for word.
async fn the_list_of_reports_is_the_documents_for_both_roles(service: Service) {
    let fixture = &service.env.fixture;
    let (director, example) = (fixture.director().await, example("general"));
    fill(&service, &example).await;
    for path in ["/reports/general/filter/NULL/NULL/NULL", "/reports/general/filter"] {
        let ours = answer(&service, director, path).await;
        assert_shape(&ours, &example, &[]);
        assert_eq!(sorted(&ours), sorted(&example));
        assert_eq!(ours["data"]["info"], example["data"]["info"]);
        assert_eq!(ours["data"]["filter"]["status"], example["data"]["filter"]["status"]);
        assert_eq!(ours["data"]["filter"]["date_range"], example["data"]["filter"]["date_range"]);
    }
    let ours = answer(&service, fixture.driver, "/reports/general/filter").await;
    assert_shape(&ours, &example, &EXTRAS_OF_A_DRIVER);
    assert_eq!(sorted(&ours), sorted(&example));
}

/// E7
async fn the_list_of_vehicles_is_the_documents_for_both_roles(service: Service) {
    let fixture = &service.env.fixture;
    let (director, example) = (fixture.director().await, example("vehicles"));
    fill(&service, &example).await;
    for person in [director, fixture.driver] {
        for path in ["/reports/vehicle/filter/NULL/NULL", "/reports/vehicle/filter"] {
            let ours = answer(&service, person, path).await;
            assert_shape(&ours, &example, &[]);
            assert_eq!(sorted(&ours), sorted(&example));
            assert_eq!(ours["data"]["info"], example["data"]["info"]);
            assert_eq!(ours["data"]["filter"], example["data"]["filter"]);
        }
    }
}

/// E8
async fn the_selected_vehicle_is_the_documents_for_both_roles(service: Service) {
    let fixture = &service.env.fixture;
    let (director, example) = (fixture.director().await, example("select"));
    fill(&service, &example).await;
    let this = &example["data"]["info"]["this"];
    let data = list(&service, director, "/reports/general/filter").await;
    let guid = data["reports"]["general"][0]["vehicle_guid"].as_str().unwrap().to_owned();
    let contract = fixture.contract("№36/20 (ДЛ)", "2023-11-16T00:00:00+06:00").await;
    fixture.database.put_under_contract(guid.parse().unwrap(), contract).await.unwrap();
    for person in [director, fixture.driver] {
        let mut ours = answer(&service, person, &format!("/reports/vehicle/select/{guid}")).await;
        assert_shape(&ours, &example, &[]);
        assert_eq!(sorted(&ours), sorted(&example));
        // Only the host is another one.
        let image = ours["data"]["info"]["this"]["image_path"].as_str().unwrap();
        let path = image.split_once("/images/").unwrap().1;
        ours["data"]["info"]["this"]["image_path"] =
            format!("https://api.shakeshev.com/images/{path}").into();
        assert_eq!(ours["data"]["info"]["this"], *this);
        assert_eq!(ours["data"]["info"], example["data"]["info"]);
    }
}
