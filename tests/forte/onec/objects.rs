//! `PUT /1c/v1/{type}/{ref_key}`: one object at a time.

use serde_json::{Value, json};

use super::{
    ASSIGNMENT, COMPANY, CONTRACT, DIRECTOR, NODE, REPORT, TYPE, UNKNOWN, VEHICLE,
    add_default_node, assignment, company, contract, director, everything, fixture, put, report,
    request, take_all, vehicle, vehicle_type, with,
};
use crate::harness::answers::problem;
use crate::harness::service::{Service, json as body_of, on_both_backends};

on_both_backends! {
    single_objects_are_stored_as_in_a_message,
}

fn objects() -> [(&'static str, &'static str, Value); 7] {
    [
        ("companies", COMPANY, company()),
        ("users", DIRECTOR, director()),
        ("vehicle-types", TYPE, vehicle_type()),
        ("contracts", CONTRACT, contract()),
        ("vehicles", VEHICLE, vehicle()),
        ("reports", REPORT, report()),
        ("assignments", ASSIGNMENT, assignment()),
    ]
}

async fn single_objects_are_stored_as_in_a_message(service: Service) {
    add_default_node(&service).await;
    for (place, key, body) in objects() {
        let answer = put(&service, place, key, &body).await;
        assert_eq!(answer.status(), 200, "{place}");
        assert_eq!(body_of(answer).await, json!({ "ref_key": key, "ok": true, "message": "" }));
    }
    let one_by_one = everything(&service.env.db).await;
    // The message repeats the stored objects; only the record of the message itself is new.
    let results = take_all(&service, 1, &fixture()).await;
    assert!(
        results.iter().all(|result| result["message"].as_str().unwrap().starts_with("ignored"))
    );
    let mut both = everything(&service.env.db).await;
    both.retain(|row| !row.contains("FROM onec_"));
    assert_eq!(both, one_by_one);
}

/// The body may repeat the key, in upper or lower case.
#[tokio::test]
async fn the_key_is_that_of_the_path() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let mut bare = company();
    bare.as_object_mut().unwrap().remove("ref_key");
    assert_eq!(put(&service, "companies", &COMPANY.to_uppercase(), &bare).await.status(), 200);
    let uppercase = with(company(), json!({ "ref_key": COMPANY.to_uppercase() }));
    assert_eq!(put(&service, "companies", COMPANY, &uppercase).await.status(), 200);
    let other = put(&service, "companies", UNKNOWN, &company()).await;
    let refusal = problem(other, 422, "validation_failed").await;
    assert!(refusal["details"]["ref_key"].is_string());
    let malformed = put(&service, "companies", "nothing", &bare).await;
    problem(malformed, 422, "validation_failed").await;
    problem(put(&service, "moons", COMPANY, &bare).await, 404, "not_found").await;
    let with_bom = format!("\u{feff}{bare}");
    let path = format!("/1c/v1/companies/{COMPANY}");
    assert_eq!(service.send(request(NODE, "PUT", &path, with_bom)).await.status(), 200);
}

#[tokio::test]
async fn errors_are_listed_by_field() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let answer = put(&service, "reports", REPORT, &report()).await;
    let refusal = problem(answer, 422, "validation_failed").await;
    assert_eq!(
        refusal["details"]["company_ref"],
        "there is no such object; send that object first"
    );
    let answer = put(&service, "companies", COMPANY, &json!({ "active": 2 })).await;
    let refusal = problem(answer, 422, "validation_failed").await;
    for field in ["biin", "name", "active"] {
        assert!(refusal["details"][field].is_string(), "{refusal}");
    }
    assert_eq!(put(&service, "companies", COMPANY, &company()).await.status(), 200);
    let other = with(company(), json!({ "ref_key": UNKNOWN }));
    let taken = put(&service, "companies", UNKNOWN, &other).await;
    problem(taken, 409, "biin_taken").await;
    let cut = request(NODE, "PUT", &format!("/1c/v1/companies/{COMPANY}"), "{");
    problem(service.send(cut).await, 400, "validation_failed").await;
}
