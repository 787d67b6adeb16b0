//! Extractors of state-changing requests: the session, checked against CSRF, and the form.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::HeaderName;
use axum::http::request::Parts;

use super::form::PageForm;
use super::origin::same_origin;
use super::page;
use super::rejection::{NoSession, NoSessionReason};
use crate::auth::BrowserSession;
use crate::http::AppState;
use crate::model::BrowserKind;

const X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// A state-changing request by a signed-in reviewer.
pub(in crate::http) struct ReviewChange {
    pub(in crate::http) session: BrowserSession,
    pub(in crate::http) form: PageForm,
}

/// A state-changing request by a signed-in driver, or from the session of a film link.
pub(in crate::http) struct DriveChange(pub(in crate::http) BrowserSession);

impl FromRequest<Arc<AppState>> for ReviewChange {
    type Rejection = NoSession;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, NoSession> {
        let (head, body) = request.into_parts();
        let read = async {
            let session = page::reviewer(state, &head).await?;
            let form = PageForm::read(state, &head.headers, body).await;
            let form = form.map_err(NoSessionReason::Problem)?;
            check(state, &head, &session, &form)?;
            Ok(Self { session, form })
        };
        read.await.map_err(|reason| NoSession::new(BrowserKind::Review, &head, reason))
    }
}

impl FromRequest<Arc<AppState>> for DriveChange {
    type Rejection = NoSession;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, NoSession> {
        let (head, body) = request.into_parts();
        let read = async {
            let form = PageForm::read(state, &head.headers, body).await;
            let form = form.map_err(NoSessionReason::Problem)?;
            changing_driver(state, &head, &form).await.map(Self)
        };
        read.await.map_err(|reason| NoSession::new(BrowserKind::Drive, &head, reason))
    }
}

/// A browser may have a driver's session and a session of a film link. The CSRF token tells which of them the
/// request belongs to.
async fn changing_driver(
    state: &AppState,
    head: &Parts,
    form: &PageForm,
) -> Result<BrowserSession, NoSessionReason> {
    let driver = page::driver(state, head).await?;
    if driver.kind == BrowserKind::Film || check(state, head, &driver, form).is_ok() {
        return check(state, head, &driver, form).map(|()| driver);
    }
    let other = page::find(state, head, BrowserKind::Film).await;
    let other = other.map_err(|reason| match reason {
        NoSessionReason::Problem(problem) => NoSessionReason::Problem(problem),
        _ => NoSessionReason::Csrf,
    })?;
    check(state, head, &other, form).map(|()| other)
}

/// Fails unless one of the session's pages has sent the request.
fn check(
    state: &AppState,
    head: &Parts,
    session: &BrowserSession,
    form: &PageForm,
) -> Result<(), NoSessionReason> {
    same_origin(state, head).map_err(|_| NoSessionReason::Csrf)?;
    let header = head.headers.get(X_CSRF_TOKEN).and_then(|token| token.to_str().ok());
    let given = header.or_else(|| form.get("csrf")).unwrap_or_default();
    if session.accepts_csrf(given) { Ok(()) } else { Err(NoSessionReason::Csrf) }
}
