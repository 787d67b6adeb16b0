//! Limits of messages, items and texts.

use serde_json::{Value, json};

use super::{
    NODE, add_default_node, company, everything, message, post, send, take, take_all, with,
};
use crate::harness::answers::problem;
use crate::harness::service::Service;

/// The response has the limit, and nothing is stored.
#[tokio::test]
async fn a_message_with_ten_thousand_items_is_refused() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let before = everything(&service.env.db).await;
    let items = vec![json!({ "type": "company" }); 10_000];
    let refusal = problem(send(&service, 1, &items).await, 422, "too_many_items").await;
    assert_eq!(refusal["details"], json!({ "max_items": 1000 }));
    assert!(refusal["message"].as_str().unwrap().contains("1000"), "{refusal}");
    assert_eq!(everything(&service.env.db).await, before);
    let results = take(&service, 1, &items[..1000]).await;
    assert_eq!(results.len(), 1000);
    take_all(&service, 2, &[]).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let service = Service::embedded_with(&[("ONEC__MAX_BODY", "2000")]).await;
    add_default_node(&service).await;
    let long = message(1, &vec![company(); 100]);
    let with_length = post(long.clone());
    let refusal = problem(service.send(with_length).await, 413, "message_too_large").await;
    assert_eq!(refusal["details"], json!({ "max_body": 2000 }));
    // In chunks, without a declared length.
    let pieces = long.into_bytes().chunks(100).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let pieces = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
    let streamed = post(axum::body::Body::from_stream(pieces));
    problem(service.send(streamed).await, 413, "message_too_large").await;
    take_all(&service, 1, &[company()]).await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_times_out() {
    let service = Service::embedded_with(&[("ONEC__BODY_WITHIN", "20ms")]).await;
    add_default_node(&service).await;
    let silent = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = post(axum::body::Body::from_stream(silent));
    problem(service.send(request).await, 408, "body_too_slow").await;
}

#[tokio::test]
async fn texts_and_lists_have_length_limits() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let long = |count| "я".repeat(count);
    take_all(&service, 1, &[with(company(), json!({ "name": long(300) }))]).await;
    let too_long = with(company(), json!({ "name": long(301) }));
    let instructions: Vec<Value> = vec![json!({ "text": "x" }); 101];
    let many = with(super::vehicle_type(), json!({ "instructions": instructions }));
    let results = take(&service, 2, &[too_long, many]).await;
    assert_eq!(results[0]["message"], "name: is longer than 300 characters");
    assert_eq!(results[1]["message"], "instructions: has more than 100 entries");
}

/// The JSON parser limits the depth, so the stack never overflows.
#[tokio::test]
async fn deeply_nested_json_is_refused() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"node":"{NODE}","message_no":1,"items":[{deep}]}}"#);
    problem(service.send(post(body)).await, 400, "validation_failed").await;
}
