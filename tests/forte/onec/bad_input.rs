//! What is no message at all: the envelope says so, and nothing is taken.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::{NODE, admitted, company, everything, message, post, request, send, take};
use crate::harness::answers::problem;
use crate::harness::service::Service;

#[tokio::test]
async fn what_cannot_be_read_is_400() {
    let service = Service::embedded().await;
    admitted(&service).await;
    let before = everything(&service.env.db).await;
    let whole = message(1, &[company()]);
    let twice = format!(r#"{{"node":"{NODE}","node":"{NODE}","message_no":1,"items":[]}}"#);
    let cut = &whole[..whole.len() - 3];
    let utf16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies: [&[u8]; 9] = [
        b"",
        b"\xef\xbb\xbf",
        b"[]",
        b"null",
        b"{\"items\": [\xff]}",
        br#"{"items": {}}"#,
        twice.as_bytes(),
        cut.as_bytes(),
        &utf16,
    ];
    for body in bodies {
        problem(service.send(post(body.to_vec())).await, 400, "validation_failed").await;
    }
    let more = format!("{whole} {{}}");
    let told = problem(service.send(post(more)).await, 400, "validation_failed").await;
    // Half a character refuses the whole message; the answer says where it stands.
    let half = whole.replace("ТОО", "\\ud800");
    assert_ne!(half, whole);
    let where_ = problem(service.send(post(half)).await, 400, "validation_failed").await;
    assert!(where_["message"].as_str().unwrap().contains("line 1, column "), "{where_}");
    // What stands in the body is repeated nowhere (S65).
    assert!(!told.to_string().contains("200940026146"), "{told}");
    assert_eq!(everything(&service.env.db).await, before);
}

#[tokio::test]
async fn a_message_names_its_node_its_number_and_its_items() {
    let service = Service::embedded().await;
    admitted(&service).await;
    for (body, field) in [
        (json!({ "message_no": 1, "items": [] }), "node"),
        (json!({ "node": NODE, "items": [] }), "message_no"),
        (json!({ "node": NODE, "message_no": 1 }), "items"),
        (json!({ "node": NODE, "message_no": 1, "items": null }), "items"),
        (json!({ "node": NODE, "message_no": -1, "items": [] }), "message_no"),
        (json!({ "node": NODE, "message_no": 1.5, "items": [] }), "message_no"),
        (json!({ "node": NODE, "message_no": "1 000", "items": [] }), "message_no"),
        (json!({ "node": NODE, "message_no": 1, "received_no": "x", "items": [] }), "received_no"),
    ] {
        let answer = service.send(post(body.to_string())).await;
        let told = problem(answer, 422, "validation_failed").await;
        assert!(told["details"][field].is_string(), "{body}: {told}");
    }
}

/// S25, R12: a stranger, and a phone's token, come to nothing.
#[tokio::test]
async fn strangers_are_not_listened_to() {
    let service = Service::embedded().await;
    admitted(&service).await;
    let paths = [
        ("POST", "/1c/v1/messages".to_owned()),
        ("PUT", format!("/1c/v1/companies/{}", super::COMPANY)),
        ("PUT", format!("/1c/v1/reports/{}", super::REPORT)),
    ];
    for (method, path) in paths {
        for authorization in ["", "Basic eA==", &format!("Bearer {}", service.driver())] {
            let stranger = Request::builder()
                .method(method)
                .uri(&path)
                .header("Authorization", authorization)
                .body(Body::from(message(1, &[company()])));
            let answer = service.send(stranger.unwrap()).await;
            problem(answer, 401, "credentials_invalid").await;
        }
    }
}

#[tokio::test]
async fn other_methods_and_encodings_are_told_so() {
    let service = Service::embedded().await;
    admitted(&service).await;
    let get = service.send(request(NODE, "GET", "/1c/v1/messages", Body::empty())).await;
    problem(get, 405, "method_not_allowed").await;
    let mut packed = post(message(1, &[]));
    packed.headers_mut().insert("Content-Encoding", "gzip".parse().unwrap());
    problem(service.send(packed).await, 415, "unsupported_media_type").await;
}

/// S26: what a field of ours is called in 1C's message changes nothing.
#[tokio::test]
async fn fields_nobody_asked_for_are_not_taken() {
    let service = Service::embedded().await;
    admitted(&service).await;
    let sly = super::with(
        company(),
        json!({ "id": 1, "company_id": 0, "gone": 1, "constructor": {}, "Поле": [1, 2] }),
    );
    let user = super::with(
        super::director(),
        json!({ "role_id": 3, "company_id": 0, "mobile_digits": "1", "id": 153 }),
    );
    let reviewer = super::with(super::director(), json!({ "role": "reviewer" }));
    let results = take(&service, 1, &[sly, user, reviewer]).await;
    assert_eq!(results[0]["ok"], true);
    assert_eq!(results[1]["ok"], true);
    assert_eq!(results[2]["message"], "role: must be one of: admin, employee");
    let companies = "SELECT id FROM companies WHERE ref_key <> ''";
    assert_eq!(service.env.db.rows(companies).await, ["21"], "after the one that is there");
    let people = "SELECT id, company_id, mobile_digits, role FROM people WHERE ref_key <> ''";
    assert_eq!(service.env.db.rows(people).await, ["154|21|77010000001|admin"]);
}

/// PostgreSQL takes no NUL in a text.
#[tokio::test]
async fn control_characters_are_refused() {
    let service = Service::embedded().await;
    admitted(&service).await;
    let odd = super::with(company(), json!({ "name": "a\u{0}b" }));
    let results = take(&service, 1, &[odd]).await;
    assert_eq!(results[0]["message"], "name: has control characters in it");
}

/// Q38: a wrong check digit is nobody's reason to refuse.
#[tokio::test]
async fn a_check_digit_refuses_nobody() {
    let service = Service::embedded().await;
    admitted(&service).await;
    let person = json!({ "biin": "790920300818", "kind": "person" });
    let response = send(&service, 1, &[super::with(company(), person)]).await;
    assert_eq!(response.status(), 200);
    let kinds = "SELECT kind, biin FROM companies WHERE ref_key <> ''";
    assert_eq!(service.env.db.rows(kinds).await, ["person|790920300818"]);
}
