//! Malformed messages are refused as a whole, and nothing is stored.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::{
    NODE, add_default_node, body_of, company, everything, fixture, message, post, request, send,
    take,
};
use crate::harness::answers::problem;
use crate::harness::service::Service;

#[tokio::test]
async fn an_unreadable_message_is_a_bad_request() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
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
    let refusal = problem(service.send(post(more)).await, 400, "validation_failed").await;
    // Nothing of the body is repeated (S65).
    assert!(!refusal.to_string().contains("200940026146"), "{refusal}");
    assert_eq!(everything(&service.env.db).await, before);
}

/// Half a surrogate pair in one title must not stop the exchange for ever.
#[tokio::test]
async fn an_item_whose_json_is_damaged_is_reported_and_the_others_are_stored() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let whole = message(1, &fixture()).replace("Самосвал", "?");
    let whole = whole.into_bytes();
    let at = whole.iter().position(|byte| *byte == b'?').unwrap();
    for (number, damage) in [&b"\\ud83d"[..], b"\xff", b"a\nb", b"\\q"].into_iter().enumerate() {
        let mut body = whole.clone();
        body.splice(at..=at, damage.iter().copied());
        let first = b"\"message_no\":1";
        let place = body.windows(first.len()).position(|window| window == first).unwrap();
        let next = format!("\"message_no\":{}", number + 1).into_bytes();
        body.splice(place..place + first.len(), next);
        let reply = body_of(service.send(post(body.clone())).await).await;
        let results = reply["results"].as_array().unwrap_or_else(|| panic!("{reply}"));
        let bad: Vec<_> = results.iter().filter(|result| result["ok"] == false).collect();
        assert_eq!(bad[0]["ref_key"], super::TYPE, "{reply}");
        assert_eq!(bad[0]["error"], "validation_failed");
        assert!(bad[0]["message"].as_str().unwrap().contains("JSON of this item"), "{reply}");
        assert_eq!(results[0]["ok"], true, "the company is stored");
        // The same message gets the same reply.
        assert_eq!(body_of(service.send(post(body)).await).await, reply);
    }
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM companies WHERE id > 20").await, 1);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM vehicle_types").await, 0);
}

#[tokio::test]
async fn node_number_and_items_are_required() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
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
        let refusal = problem(answer, 422, "validation_failed").await;
        assert!(refusal["details"][field].is_string(), "{body}: {refusal}");
    }
}

/// S25, R12
#[tokio::test]
async fn requests_without_credentials_of_a_node_are_refused() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let paths = [
        ("POST", "/1c/v1/messages".to_owned()),
        ("PUT", format!("/1c/v1/companies/{}", super::COMPANY)),
        ("PUT", format!("/1c/v1/reports/{}", super::REPORT)),
    ];
    for (method, path) in paths {
        for authorization in ["", "Basic eA==", &format!("Bearer {}", service.driver())] {
            let request = Request::builder()
                .method(method)
                .uri(&path)
                .header("Authorization", authorization)
                .body(Body::from(message(1, &[company()])));
            let answer = service.send(request.unwrap()).await;
            problem(answer, 401, "credentials_invalid").await;
        }
    }
}

#[tokio::test]
async fn other_methods_and_encodings_are_refused() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let get = service.send(request(NODE, "GET", "/1c/v1/messages", Body::empty())).await;
    problem(get, 405, "method_not_allowed").await;
    let mut packed = post(message(1, &[]));
    packed.headers_mut().insert("Content-Encoding", "gzip".parse().unwrap());
    problem(service.send(packed).await, 415, "unsupported_encoding").await;
}

/// S26: even if they have the names of internal columns.
#[tokio::test]
async fn unknown_fields_are_ignored() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let company = super::with(
        company(),
        json!({ "id": 1, "company_id": 0, "gone": 1, "constructor": {}, "Поле": [1, 2] }),
    );
    let user = super::with(
        super::director(),
        json!({ "role_id": 3, "company_id": 0, "mobile_digits": "1", "id": 153 }),
    );
    let reviewer = super::with(super::director(), json!({ "role": "reviewer" }));
    let results = take(&service, 1, &[company, user, reviewer]).await;
    assert_eq!(results[0]["ok"], true);
    assert_eq!(results[1]["ok"], true);
    assert_eq!(results[2]["message"], "role: must be one of: admin, employee");
    let companies = "SELECT id FROM companies WHERE ref_key <> ''";
    assert_eq!(service.env.db.rows(companies).await, ["21"], "the next after the existing one");
    let people = "SELECT id, company_id, mobile_digits, role FROM people WHERE ref_key <> ''";
    assert_eq!(service.env.db.rows(people).await, ["154|21|77010000001|admin"]);
}

/// PostgreSQL refuses NUL in a text.
#[tokio::test]
async fn control_characters_are_refused() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let odd = super::with(company(), json!({ "name": "a\u{0}b" }));
    let results = take(&service, 1, &[odd]).await;
    assert_eq!(results[0]["message"], "name: contains control characters");
}

/// Q38
#[tokio::test]
async fn a_wrong_check_digit_is_accepted() {
    let service = Service::embedded().await;
    add_default_node(&service).await;
    let person = json!({ "biin": "790920300818", "kind": "person" });
    let response = send(&service, 1, &[super::with(company(), person)]).await;
    assert_eq!(response.status(), 200);
    let kinds = "SELECT kind, biin FROM companies WHERE ref_key <> ''";
    assert_eq!(service.env.db.rows(kinds).await, ["person|790920300818"]);
}
