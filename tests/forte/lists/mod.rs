//! Lists and employees (E4–E8), and the profile of a sign-in (E2, E3).

mod blocks;
mod employees;
mod examples;
mod filters;
mod paging;
mod profile;
mod query_plans;
mod select;
mod vehicles;
mod visibility;

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::model::Person;
use serde_json::Value;

use crate::harness::service::{Service, header, json};

/// Requests a list.
async fn get(service: &Service, person: Person, path: &str) -> Response<Body> {
    let token = service.token_of(person);
    let request = Request::get(path).header("Authorization", format!("Bearer {token}"));
    service.send(request.body(Body::empty()).unwrap()).await
}

/// The `data` of a list, which must be returned.
async fn list(service: &Service, person: Person, path: &str) -> Value {
    let response = get(service, person, path).await;
    assert_eq!(response.status(), 200, "{path}");
    assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
    assert_eq!(header(&response, "cache-control"), "no-store");
    let response = json(response).await;
    assert_eq!(response["status"], "ok");
    assert_eq!(response["data"]["code"], 200);
    assert_eq!(response["data"]["message"], "success");
    response["data"].clone()
}

/// The keys of a block's rows.
fn keys(data: &Value, block: &str) -> Vec<String> {
    let rows = data["reports"][block].as_array().unwrap();
    rows.iter().map(|row| row["ref_key"].as_str().unwrap().to_owned()).collect()
}

/// The keys of all rows, important ones first.
fn all_keys(data: &Value) -> Vec<String> {
    [keys(data, "important"), keys(data, "general")].concat()
}

fn texts<T: ToString>(keys: impl IntoIterator<Item = T>) -> Vec<String> {
    keys.into_iter().map(|key| key.to_string()).collect()
}
