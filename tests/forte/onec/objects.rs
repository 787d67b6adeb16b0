//! `PUT /1c/v1/{type}/{ref_key}`: one object at a time.

use serde_json::{Value, json};

use super::{
    ASSIGNMENT, COMPANY, CONTRACT, DIRECTOR, NODE, NOTHING, REPORT, TYPE, VEHICLE, admitted,
    assignment, company, contract, director, everything, fixture, put, report, request, take_all,
    vehicle, vehicle_type, with,
};
use crate::harness::answers::problem;
use crate::harness::service::{Service, json as body_of, on_both_backends};

on_both_backends! {
    objects_one_by_one_are_the_same_as_in_a_message,
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

async fn objects_one_by_one_are_the_same_as_in_a_message(service: Service) {
    admitted(&service).await;
    for (place, key, body) in objects() {
        let answer = put(&service, place, key, &body).await;
        assert_eq!(answer.status(), 200, "{place}");
        assert_eq!(body_of(answer).await, json!({ "ref_key": key, "ok": true, "message": "" }));
    }
    let one_by_one = everything(&service.env.db).await;
    // The message brings what is there already, and only itself is new.
    let results = take_all(&service, 1, &fixture()).await;
    assert!(
        results.iter().all(|result| result["message"].as_str().unwrap().starts_with("ignored"))
    );
    let mut both = everything(&service.env.db).await;
    both.retain(|row| !row.contains("FROM onec_"));
    assert_eq!(both, one_by_one);
}

/// The key is in the address; a body may repeat it, in any case.
#[tokio::test]
async fn the_address_names_the_object() {
    let service = Service::embedded().await;
    admitted(&service).await;
    let mut bare = company();
    bare.as_object_mut().unwrap().remove("ref_key");
    assert_eq!(put(&service, "companies", &COMPANY.to_uppercase(), &bare).await.status(), 200);
    let shouted = with(company(), json!({ "ref_key": COMPANY.to_uppercase() }));
    assert_eq!(put(&service, "companies", COMPANY, &shouted).await.status(), 200);
    let other = put(&service, "companies", NOTHING, &company()).await;
    let told = problem(other, 422, "validation_failed").await;
    assert!(told["details"]["ref_key"].is_string());
    let none = put(&service, "companies", "nothing", &bare).await;
    problem(none, 422, "validation_failed").await;
    problem(put(&service, "moons", COMPANY, &bare).await, 404, "not_found").await;
    let marked = format!("\u{feff}{bare}");
    let path = format!("/1c/v1/companies/{COMPANY}");
    assert_eq!(service.send(request(NODE, "PUT", &path, marked)).await.status(), 200);
}

#[tokio::test]
async fn what_is_wrong_is_named_by_field() {
    let service = Service::embedded().await;
    admitted(&service).await;
    let answer = put(&service, "reports", REPORT, &report()).await;
    let told = problem(answer, 422, "validation_failed").await;
    assert_eq!(told["details"]["company_ref"], "there is no such object; send it before");
    let answer = put(&service, "companies", COMPANY, &json!({ "active": 2 })).await;
    let told = problem(answer, 422, "validation_failed").await;
    for field in ["biin", "name", "active"] {
        assert!(told["details"][field].is_string(), "{told}");
    }
    assert_eq!(put(&service, "companies", COMPANY, &company()).await.status(), 200);
    let other = with(company(), json!({ "ref_key": NOTHING }));
    let taken = put(&service, "companies", NOTHING, &other).await;
    problem(taken, 409, "biin_taken").await;
    let cut = request(NODE, "PUT", &format!("/1c/v1/companies/{COMPANY}"), "{");
    problem(service.send(cut).await, 400, "validation_failed").await;
}
