//! Extractors of pages.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;

use super::cookie;
use super::rejection::{NoSession, NoSessionReason};
use crate::auth::{BrowserError, BrowserSession};
use crate::http::AppState;
use crate::http::client::Client;
use crate::model::BrowserKind;

/// Sent by scripts with requests that the person has not caused: heartbeats, counts.
const X_BACKGROUND: HeaderName = HeaderName::from_static("x-background");
/// Sent by browsers that prefetch a page.
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");

/// A signed-in reviewer.
pub(in crate::http) struct ReviewPage(pub(in crate::http) BrowserSession);

/// A signed-in driver or director, or the session of a film link.
pub(in crate::http) struct DrivePage(pub(in crate::http) BrowserSession);

/// The session of a film link, whether or not a driver is signed in on the same browser.
pub(in crate::http) struct FilmPage(pub(in crate::http) BrowserSession);

impl FromRequestParts<Arc<AppState>> for ReviewPage {
    type Rejection = NoSession;

    async fn from_request_parts(
        head: &mut Parts,
        state: &Arc<AppState>,
    ) -> Result<Self, NoSession> {
        let found = reviewer(state, head).await;
        found.map(Self).map_err(|reason| NoSession::new(BrowserKind::Review, head, reason))
    }
}

impl FromRequestParts<Arc<AppState>> for DrivePage {
    type Rejection = NoSession;

    async fn from_request_parts(
        head: &mut Parts,
        state: &Arc<AppState>,
    ) -> Result<Self, NoSession> {
        let found = driver(state, head).await;
        found.map(Self).map_err(|reason| NoSession::new(BrowserKind::Drive, head, reason))
    }
}

impl FromRequestParts<Arc<AppState>> for FilmPage {
    type Rejection = NoSession;

    async fn from_request_parts(
        head: &mut Parts,
        state: &Arc<AppState>,
    ) -> Result<Self, NoSession> {
        let found = find(state, head, BrowserKind::Film).await;
        found.map(Self).map_err(|reason| NoSession::new(BrowserKind::Film, head, reason))
    }
}

pub(super) async fn reviewer(
    state: &AppState,
    head: &Parts,
) -> Result<BrowserSession, NoSessionReason> {
    let client = Client::of(&state.proxies, &head.extensions, &head.headers);
    if !state.accounts.allows_reviewer(client.address) {
        return Err(NoSessionReason::Network);
    }
    find(state, head, BrowserKind::Review).await
}

/// The driver's session; without one, the session of a film link.
pub(super) async fn driver(
    state: &AppState,
    head: &Parts,
) -> Result<BrowserSession, NoSessionReason> {
    match find(state, head, BrowserKind::Drive).await {
        Err(NoSessionReason::Problem(problem)) => Err(NoSessionReason::Problem(problem)),
        Err(reason) => find(state, head, BrowserKind::Film).await.map_err(|other| match other {
            NoSessionReason::Problem(problem) => NoSessionReason::Problem(problem),
            NoSessionReason::Missing => reason,
            other => other,
        }),
        found => found,
    }
}

/// The session of the cookie of this kind.
pub(super) async fn find(
    state: &AppState,
    head: &Parts,
    kind: BrowserKind,
) -> Result<BrowserSession, NoSessionReason> {
    let secret = cookie::read(state, head, kind).ok_or(BrowserError::Missing)?;
    let client = Client::of(&state.proxies, &head.extensions, &head.headers);
    let is_activity =
        ![X_BACKGROUND, SEC_PURPOSE].iter().any(|name| head.headers.contains_key(name));
    Ok(state.browsers.find(kind, &secret, client.address, is_activity).await?)
}
