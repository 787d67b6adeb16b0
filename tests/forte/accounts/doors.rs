//! Which key opens which door.

use axum::body::Body;
use axum::http::Request;

use crate::harness::account::{NODE, PASSWORD, add_node, basic};
use crate::harness::answers::problem;
use crate::harness::service::{Service, on_both_backends};

on_both_backends!(a_phone_needs_no_key_beside_its_token, the_account_of_1c_opens_no_door_of_phones,);

/// What phones ask with their access token.
const DOORS: [(&str, &str); 5] = [
    ("GET", "/devices"),
    ("GET", "/reports/general/filter"),
    ("GET", "/reports/vehicle/filter"),
    ("POST", "/reports/upload"),
    ("POST", "/uploads"),
];

async fn asked(service: &Service, door: (&str, &str), headers: &[(&str, &str)]) -> u16 {
    let request = Request::builder().method(door.0).uri(door.1);
    let mut request = request.header("Tus-Resumable", "1.0.0");
    for (name, value) in headers {
        request = request.header(*name, value.as_bytes());
    }
    let answer = service.send(request.body(Body::empty()).unwrap()).await;
    answer.status().as_u16()
}

/// Q35: without `X-API-Key`, and whatever stands in it.
async fn a_phone_needs_no_key_beside_its_token(service: Service) {
    let bearer = format!("Bearer {}", service.driver());
    for door in DOORS {
        let without = asked(&service, door, &[("Authorization", &bearer)]).await;
        assert!(!matches!(without, 401 | 403 | 500..), "{door:?}: {without}");
        for key in ["", "wrong", "admin_1C:pass_1C"] {
            let headers = [("Authorization", bearer.as_str()), ("X-API-Key", key)];
            assert_eq!(asked(&service, door, &headers).await, without, "{door:?}: {key}");
        }
    }
}

/// S25
async fn the_account_of_1c_opens_no_door_of_phones(service: Service) {
    add_node(&service, NODE).await;
    let (basic, key) = (basic(NODE, PASSWORD), format!("{NODE}:{PASSWORD}"));
    let keys = [("Authorization", basic.as_str()), ("X-API-Key", &key), ("Login", NODE)];
    let more = [("POST", "/refresh_token"), ("POST", "/logout"), ("GET", "/employee/list")];
    for door in DOORS.into_iter().chain(more) {
        for header in keys {
            assert_eq!(asked(&service, door, &[header]).await, 401, "{door:?}: {}", header.0);
        }
    }
    // Nor does a wrong key say more than that.
    let request = Request::get("/devices").header("Authorization", &basic);
    let answer = service.send(request.body(Body::empty()).unwrap()).await;
    problem(answer, 401, "token_invalid").await;
}
