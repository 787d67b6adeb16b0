//! Which credentials mobile routes accept.

use axum::body::Body;
use axum::http::Request;

use crate::harness::account::{NODE, PASSWORD, add_node, basic};
use crate::harness::answers::problem;
use crate::harness::service::{Service, on_both_backends};

on_both_backends!(an_access_token_needs_no_api_key, mobile_routes_refuse_the_account_of_1c,);

/// Routes that phones call with an access token.
const ROUTES: [(&str, &str); 5] = [
    ("GET", "/devices"),
    ("GET", "/reports/general/filter"),
    ("GET", "/reports/vehicle/filter"),
    ("POST", "/reports/upload"),
    ("POST", "/uploads"),
];

async fn status(service: &Service, route: (&str, &str), headers: &[(&str, &str)]) -> u16 {
    let request = Request::builder().method(route.0).uri(route.1);
    let mut request = request.header("Tus-Resumable", "1.0.0");
    for (name, value) in headers {
        request = request.header(*name, value.as_bytes());
    }
    let response = service.send(request.body(Body::empty()).unwrap()).await;
    response.status().as_u16()
}

/// Q35: `X-API-Key` may be absent or have any value.
async fn an_access_token_needs_no_api_key(service: Service) {
    let bearer = format!("Bearer {}", service.driver());
    for route in ROUTES {
        let without = status(&service, route, &[("Authorization", &bearer)]).await;
        assert!(!matches!(without, 401 | 403 | 500..), "{route:?}: {without}");
        for key in ["", "wrong", "admin_1C:pass_1C"] {
            let headers = [("Authorization", bearer.as_str()), ("X-API-Key", key)];
            assert_eq!(status(&service, route, &headers).await, without, "{route:?}: {key}");
        }
    }
}

/// S25
async fn mobile_routes_refuse_the_account_of_1c(service: Service) {
    add_node(&service, NODE).await;
    let (basic, key) = (basic(NODE, PASSWORD), format!("{NODE}:{PASSWORD}"));
    let keys = [("Authorization", basic.as_str()), ("X-API-Key", &key), ("Login", NODE)];
    let others = [("POST", "/refresh_token"), ("POST", "/logout"), ("GET", "/employee/list")];
    for route in ROUTES.into_iter().chain(others) {
        for header in keys {
            assert_eq!(status(&service, route, &[header]).await, 401, "{route:?}: {}", header.0);
        }
    }
    // The code does not say that the credentials belong to another kind of caller.
    let request = Request::get("/devices").header("Authorization", &basic);
    let response = service.send(request.body(Body::empty()).unwrap()).await;
    problem(response, 401, "token_invalid").await;
}
