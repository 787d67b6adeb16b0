//! Lists and employees (E4–E8), and the profile of a sign-in (E2, E3).

mod blocks;
mod employees;
mod filters;
mod paging;
mod plans;
mod profile;
mod scopes;
mod select;
mod transcript;
mod vehicles;

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::model::Person;
use serde_json::Value;

use crate::harness::service::{Service, header, json};

/// Asks for a list.
async fn asked(service: &Service, person: Person, path: &str) -> Response<Body> {
    let token = service.token_of(person);
    let request = Request::get(path).header("Authorization", format!("Bearer {token}"));
    service.send(request.body(Body::empty()).unwrap()).await
}

/// The `data` of a list; it must be there.
async fn list(service: &Service, person: Person, path: &str) -> Value {
    let answer = asked(service, person, path).await;
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(header(&answer, "content-type"), "application/json; charset=utf-8");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let answer = json(answer).await;
    assert_eq!(answer["status"], "ok");
    assert_eq!(answer["data"]["code"], 200);
    assert_eq!(answer["data"]["message"], "success");
    answer["data"].clone()
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

/// Keys as texts.
fn texts<T: ToString>(keys: impl IntoIterator<Item = T>) -> Vec<String> {
    keys.into_iter().map(|key| key.to_string()).collect()
}
