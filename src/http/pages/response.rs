//! HTML responses with their security headers.

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::http::problem::{self, Problem};

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The browser features that a page may use (`Permissions-Policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum PagePermissions {
    /// Playing videos.
    Watch,
    /// Camera, microphone, position and wake lock.
    Film,
}

impl PagePermissions {
    fn header_value(self) -> &'static str {
        match self {
            Self::Watch => {
                "camera=(), microphone=(), geolocation=(), screen-wake-lock=(), payment=(), usb=(), \
                 fullscreen=(self), autoplay=(self)"
            }
            Self::Film => {
                "camera=(self), microphone=(self), geolocation=(self), screen-wake-lock=(self), \
                 payment=(), usb=(), fullscreen=(self), autoplay=(self)"
            }
        }
    }
}

/// A page. `media_origin`: the origin of the store, if playback links lead to it.
pub(in crate::http) fn html(
    permissions: PagePermissions,
    media_origin: Option<&str>,
    page: &impl Template,
) -> Result<Response, Problem> {
    with_status(StatusCode::OK, permissions, media_origin, page)
}

/// A page with a status.
pub(in crate::http) fn with_status(
    status: StatusCode,
    permissions: PagePermissions,
    media_origin: Option<&str>,
    page: &impl Template,
) -> Result<Response, Problem> {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        problem::internal()
    })?;
    let policy = HeaderValue::from_str(&policy(media_origin));
    let policy = policy.map_err(|_| problem::internal())?;
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    let constant = HeaderValue::from_static;
    headers.insert(header::CONTENT_TYPE, constant("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::REFERRER_POLICY, constant("same-origin"));
    headers.insert(header::CACHE_CONTROL, constant("no-store"));
    headers.insert(PERMISSIONS_POLICY, constant(permissions.header_value()));
    Ok(response)
}

/// The Content-Security-Policy: everything is loaded from this service, except for videos from the store.
fn policy(media_origin: Option<&str>) -> String {
    let store = media_origin.map(|origin| format!(" {origin}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
         media-src 'self' blob:{store}; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::policy;

    #[test]
    fn the_only_other_origin_is_the_one_of_the_store() {
        let with_store = policy(Some("https://s3.example"));
        assert!(with_store.contains("media-src 'self' blob: https://s3.example;"));
        assert_eq!(with_store.matches("https:").count(), 1);
        assert!(!policy(None).contains("unsafe"));
        assert!(!policy(None).contains("http"));
    }
}
