//! Sizes: nothing of what is too much is read.

use serde_json::{Value, json};

use super::{NODE, admitted, company, everything, message, post, send, take, take_all, with};
use crate::harness::answers::problem;
use crate::harness::service::Service;

/// «10,000 items»: the answer names the limit, and nothing was taken.
#[tokio::test]
async fn ten_thousand_items_are_refused_by_the_limit() {
    let service = Service::embedded().await;
    admitted(&service).await;
    let before = everything(&service.env.db).await;
    let items = vec![json!({ "type": "company" }); 10_000];
    let told = problem(send(&service, 1, &items).await, 422, "too_many_items").await;
    assert_eq!(told["details"], json!({ "max_items": 1000 }));
    assert!(told["message"].as_str().unwrap().contains("1000"), "{told}");
    assert_eq!(everything(&service.env.db).await, before);
    let results = take(&service, 1, &items[..1000]).await;
    assert_eq!(results.len(), 1000);
    take_all(&service, 2, &[]).await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_before_it_is_read() {
    let service = Service::embedded_with(&[("ONEC__MAX_BODY", "2000")]).await;
    admitted(&service).await;
    let long = message(1, &vec![company(); 100]);
    let announced = post(long.clone());
    let told = problem(service.send(announced).await, 413, "message_too_large").await;
    assert_eq!(told["details"], json!({ "max_body": 2000 }));
    // In pieces, nothing announced.
    let pieces = long.into_bytes().chunks(100).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let pieces = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
    let streamed = post(axum::body::Body::from_stream(pieces));
    problem(service.send(streamed).await, 413, "message_too_large").await;
    take_all(&service, 1, &[company()]).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let service = Service::embedded_with(&[("ONEC__BODY_WITHIN", "20ms")]).await;
    admitted(&service).await;
    let silent = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = post(axum::body::Body::from_stream(silent));
    problem(service.send(request).await, 408, "body_too_slow").await;
}

#[tokio::test]
async fn texts_have_their_lengths() {
    let service = Service::embedded().await;
    admitted(&service).await;
    let long = |count| "я".repeat(count);
    take_all(&service, 1, &[with(company(), json!({ "name": long(300) }))]).await;
    let too_long = with(company(), json!({ "name": long(301) }));
    let instructions: Vec<Value> = vec![json!({ "text": "x" }); 101];
    let many = with(super::vehicle_type(), json!({ "instructions": instructions }));
    let results = take(&service, 2, &[too_long, many]).await;
    assert_eq!(results[0]["message"], "name: is longer than 300 characters");
    assert_eq!(results[1]["message"], "instructions: has more than 100 entries");
}

/// Depth is limited by the reader; it never overflows.
#[tokio::test]
async fn depth_has_its_limit() {
    let service = Service::embedded().await;
    admitted(&service).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"node":"{NODE}","message_no":1,"items":[{deep}]}}"#);
    problem(service.send(post(body)).await, 400, "validation_failed").await;
}
