//! The OpenAPI 3.1 document. Each route says of itself what it takes and answers
//! (`#[utoipa::path]` at its handler); here is what stands around them.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// What stands around the routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "forte-media", description = "The ForteLeasing API, and resumable uploads"),
    modifiers(&Schemes),
    tags(
        (name = "sign-in", description = "One-time codes, tokens, devices (E1–E3)"),
        (name = "lists", description = "Reports, vehicles, employees (E4–E8, E10, E11)"),
        (name = "upload", description = "The documented form (E9), and tus 1.0"),
        (name = "review", description = "Watching and deciding"),
        (name = "1c", description = "The exchange with 1C (E12)"),
    )
)]
pub(super) struct Frame;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let schemes = &mut document.components.get_or_insert_default().security_schemes;
        let http = |scheme| SecurityScheme::Http(Http::new(scheme)).into();
        schemes.insert("access_token".to_owned(), http(HttpAuthScheme::Bearer));
        schemes.insert("refresh_token".to_owned(), http(HttpAuthScheme::Bearer));
        schemes.insert("one_time_code".to_owned(), http(HttpAuthScheme::Basic));
        schemes.insert("exchange".to_owned(), http(HttpAuthScheme::Basic));
    }
}
