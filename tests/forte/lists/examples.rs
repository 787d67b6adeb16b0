//! Responses match the examples of the owner's document.
//!
//! `document/` holds the examples, without surplus braces (Q9) and with shortened tokens. The database is
//! filled with their data. A response must have every key of the example with the same type, nesting and
//! case; additional keys are listed by path.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use forte_media::model::{Person, PersonId, ReportStatus, TypeCode};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::Value;

use super::{get, list};
use crate::harness::fleet::{ReportSpec, almaty};
use crate::harness::rows::{NewVehicle, Rows};
use crate::harness::service::{Service, json as body, on_both_backends};

on_both_backends! {
    the_employee_list_matches_the_example,
    the_deletion_of_an_employee_matches_the_example,
    the_report_list_matches_the_example_for_both_roles,
    the_vehicle_list_matches_the_example_for_both_roles,
    the_selected_vehicle_matches_the_example_for_both_roles,
}

/// Paths of keys that the examples lack.
const EXTRAS_OF_A_DRIVER: [&str; 1] = [
    // Q8: in the document a driver gets plates and a director vehicles; here a driver gets both.
    "data.filter.vehicle_type[].plate_numbers",
];

pub(super) fn example(name: &str) -> Value {
    let path = format!("{}/tests/forte/lists/document/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Fills the database with the data of an example.
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

/// Adds the report of a row, with its vehicle. Texts that the row lacks are taken from `this`.
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
    let spec = ReportSpec {
        ref_key: text("ref_key").parse().unwrap(),
        number: text("report_number"),
        contract: text("contract_number"),
        starts_at: moment(&text("date_start_datetime")),
        finishes_at: moment(&text("date_finish_datetime")),
        ..fixture.report_spec(vehicle.guid, ReportStatus::try_from(code.unwrap()).unwrap())
    };
    fixture.add_reports(vec![spec]).await;
    let (reason, key) = (text("reject_reason"), text("ref_key"));
    let sql = format!("UPDATE reports SET reject_reason = '{reason}' WHERE ref_key = '{key}'");
    service.env.db.execute(sql).await;
}

fn moment(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    Some(almaty().to_timestamp(civil).unwrap())
}

/// Complaints about keys that are missing or of another type; collects the paths of additional keys.
/// Nothing is known of the elements of an empty list or map in the example; all rows of a list have the
/// same shape.
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
                    // These keys are codes of the data.
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

/// Asserts the shape of the example with exactly these additional keys.
pub(super) fn assert_shape(ours: &Value, example: &Value, extras: &[&str]) {
    let mut found = BTreeSet::new();
    let wrong = compare(ours, example, "", &mut found);
    assert!(wrong.is_empty(), "{}\n{ours:#}", wrong.join("\n"));
    assert_eq!(found, extras.iter().map(ToString::to_string).collect::<BTreeSet<_>>());
}

async fn response(service: &Service, person: Person, path: &str) -> Value {
    body(get(service, person, path).await).await
}

/// The rows of the blocks sorted by key, because the order of the example is arbitrary.
pub(super) fn sorted(response: &Value) -> Value {
    let mut reports = response["data"]["reports"].clone();
    for block in ["important", "general"] {
        let rows = reports[block].as_array_mut().unwrap();
        rows.sort_by_key(|row| row["ref_key"].as_str().unwrap().to_owned());
    }
    reports
}

/// E4
async fn the_employee_list_matches_the_example(service: Service) {
    let fixture = &service.env.fixture;
    let (director, example) = (fixture.director().await, example("employee_list"));
    fixture.database.set_person_active(fixture.driver.id, false).await.unwrap();
    for row in example["data"]["employees"].as_array().unwrap() {
        let text = |name: &str| row[name].as_str().unwrap();
        // 7 and 153 are taken by people of the fixture.
        let id = PersonId(row["id"].as_i64().unwrap() + 1000);
        let person = Person { id, ..fixture.driver };
        fixture.add_named_person(person, text("first_name"), text("mobile"), None).await;
    }
    let mut ours = response(&service, director, "/employee/list").await;
    assert_shape(&ours, &example, &[]);
    for row in ours["data"]["employees"].as_array_mut().unwrap() {
        row["id"] = (row["id"].as_i64().unwrap() - 1000).into();
    }
    assert_eq!(ours, example);
}

/// E5
async fn the_deletion_of_an_employee_matches_the_example(service: Service) {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let request = Request::delete("/employee/delete/153")
        .header("Authorization", format!("Bearer {}", service.token_of(director)));
    let ours = body(service.send(request.body(Body::empty()).unwrap()).await).await;
    assert_eq!(ours, example("employee_delete"));
}

/// E6
async fn the_report_list_matches_the_example_for_both_roles(service: Service) {
    let fixture = &service.env.fixture;
    let (director, example) = (fixture.director().await, example("general"));
    fill(&service, &example).await;
    for path in ["/reports/general/filter/NULL/NULL/NULL", "/reports/general/filter"] {
        let ours = response(&service, director, path).await;
        assert_shape(&ours, &example, &[]);
        assert_eq!(sorted(&ours), sorted(&example));
        assert_eq!(ours["data"]["info"], example["data"]["info"]);
        assert_eq!(ours["data"]["filter"]["status"], example["data"]["filter"]["status"]);
        assert_eq!(ours["data"]["filter"]["date_range"], example["data"]["filter"]["date_range"]);
    }
    let ours = response(&service, fixture.driver, "/reports/general/filter").await;
    assert_shape(&ours, &example, &EXTRAS_OF_A_DRIVER);
    assert_eq!(sorted(&ours), sorted(&example));
}

/// E7
async fn the_vehicle_list_matches_the_example_for_both_roles(service: Service) {
    let fixture = &service.env.fixture;
    let (director, example) = (fixture.director().await, example("vehicles"));
    fill(&service, &example).await;
    for person in [director, fixture.driver] {
        for path in ["/reports/vehicle/filter/NULL/NULL", "/reports/vehicle/filter"] {
            let ours = response(&service, person, path).await;
            assert_shape(&ours, &example, &[]);
            assert_eq!(sorted(&ours), sorted(&example));
            assert_eq!(ours["data"]["info"], example["data"]["info"]);
            assert_eq!(ours["data"]["filter"], example["data"]["filter"]);
        }
    }
}

/// E8
async fn the_selected_vehicle_matches_the_example_for_both_roles(service: Service) {
    let fixture = &service.env.fixture;
    let (director, example) = (fixture.director().await, example("select"));
    fill(&service, &example).await;
    let this = &example["data"]["info"]["this"];
    let data = list(&service, director, "/reports/general/filter").await;
    let guid = data["reports"]["general"][0]["vehicle_guid"].as_str().unwrap().to_owned();
    let contract = fixture.contract("№36/20 (ДЛ)", "2023-11-16T00:00:00+06:00").await;
    fixture.database.put_under_contract(guid.parse().unwrap(), contract).await.unwrap();
    for person in [director, fixture.driver] {
        let mut ours = response(&service, person, &format!("/reports/vehicle/select/{guid}")).await;
        assert_shape(&ours, &example, &[]);
        assert_eq!(sorted(&ours), sorted(&example));
        // Only the host differs.
        let image = ours["data"]["info"]["this"]["image_path"].as_str().unwrap();
        let path = image.split_once("/images/").unwrap().1;
        ours["data"]["info"]["this"]["image_path"] =
            format!("https://api.shakeshev.com/images/{path}").into();
        assert_eq!(ours["data"]["info"]["this"], *this);
        assert_eq!(ours["data"]["info"], example["data"]["info"]);
    }
}
