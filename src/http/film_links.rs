//! Film links: they open the driver's page for one report without a sign-in.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::leasing::{FilmLinkError, FilmLinkIssuer, FilmLinks};
use crate::model::{FilmLinkId, Person, RefKey, ReportStatus};
use crate::upload::UploadError;

use super::base_url::BaseUrl;
use super::decisions::is_onec;
use super::error_code::ErrorCode;
use super::fields::Fields;
use super::onec::OnecAccount;
use super::path_param::PathParam;
use super::problem::{self, Problem};
use super::{Answer, AppState, success};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(issue_film_link, revoke_film_links))
}

#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the body; numbers may be strings")]
struct FilmLinkRequest {
    /// Validity of the link in hours. Default: `leasing.film_link_for`.
    #[schema(minimum = 1, maximum = 720, example = 168)]
    valid_for_hours: Option<i64>,
}

#[derive(Serialize, ToSchema)]
struct FilmLink {
    #[schema(value_type = Uuid)]
    id: FilmLinkId,
    /// The URL for the driver. For 1C it is null if `http.public_url` is not set.
    #[schema(example = "https://media.example.kz/drive/film#Jb1wqPzE5n0m5xkq2g8yJ3sUo4tXvR7c")]
    url: Option<String>,
    expires_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
struct RevokedFilmLinks {
    /// The number of revoked links.
    #[schema(example = 1)]
    revoked: u64,
}

/// Issues a film link, by which a driver films for one report without signing in
///
/// For `WhatsApp` or SMS. A director sends an access token; 1C sends its account (`Authorization: Basic` or
/// `X-API-Key: login:password`). The link opens the driver's page while the report waits for a video, also after
/// the report's deadline. The same caller gets the same link again until it is revoked or has expired. A repeated
/// request can extend its validity, but not shorten it.
#[utoipa::path(
    post,
    path = "/reports/{ref_key}/film-link",
    tag = "upload",
    security(("access_token" = []), ("exchange" = [])),
    params(("ref_key" = Uuid, Path, description = "The report")),
    request_body(content = Option<FilmLinkRequest>, example = json!({ "valid_for_hours": 168 })),
    responses((status = 201, description = "The link", body = Answer<FilmLink>)),
    extensions(("x-errors" = json!([
        [401, [ErrorCode::TokenInvalid, ErrorCode::TokenExpired, ErrorCode::CredentialsInvalid]],
        [403, [ErrorCode::Forbidden], "The caller is neither a director nor 1C, or the 1C account is limited to other networks"],
        [422, [ErrorCode::ValidationFailed, ErrorCode::ReportAlreadySubmitted, ErrorCode::ReportClosed]],
    ])))
)]
async fn issue_film_link(
    State(state): State<Arc<AppState>>,
    PathParam(ref_key): PathParam<RefKey>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut head, body) = request.into_parts();
    let caller = Caller::authenticate(&state, &mut head).await?;
    let issuer = caller.issuer();
    FilmLinks::authorize(&issuer)?;
    let ref_key = ref_key.ok_or(FilmLinkError::NotFound)?;
    let period = period(&state, &head.headers, body).await?;
    let link = state.film_links.issue(&issuer, ref_key, period).await?;
    let url = match &caller {
        Caller::Director(_) => {
            let BaseUrl(base) = BaseUrl::of(&state, &head);
            Some(format!("{base}{}", link.path))
        }
        // 1C passes it on, and a phone may not reach the URL that 1C uses.
        Caller::Node(_) => state.film_links.public_address(&link),
    };
    let link = FilmLink { id: link.id, url, expires_at: link.expires_at };
    Ok(success(StatusCode::CREATED, "success", &link))
}

/// Revokes all film links of a report
///
/// Uploads that were started through them end. A recording that has not been sent stays on the phone.
#[utoipa::path(
    delete,
    path = "/reports/{ref_key}/film-link",
    tag = "upload",
    security(("access_token" = []), ("exchange" = [])),
    params(("ref_key" = Uuid, Path, description = "The report")),
    responses((status = 200, description = "The links are revoked", body = Answer<RevokedFilmLinks>)),
    extensions(("x-errors" = json!([
        [401, [ErrorCode::TokenInvalid, ErrorCode::TokenExpired, ErrorCode::CredentialsInvalid]],
        [403, [ErrorCode::Forbidden], "The caller is neither a director nor 1C, or the 1C account is limited to other networks"],
    ])))
)]
async fn revoke_film_links(
    State(state): State<Arc<AppState>>,
    PathParam(ref_key): PathParam<RefKey>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut head, _) = request.into_parts();
    let caller = Caller::authenticate(&state, &mut head).await?;
    let issuer = caller.issuer();
    FilmLinks::authorize(&issuer)?;
    let ref_key = ref_key.ok_or(FilmLinkError::NotFound)?;
    let revoked = state.film_links.revoke(&issuer, ref_key).await?;
    Ok(success(StatusCode::OK, "success", &RevokedFilmLinks { revoked }))
}

async fn period(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<Option<SignedDuration>, Problem> {
    let fields = Fields::read(state, headers, body, &["valid_for_hours"]).await?;
    let Some(text) = fields.get("valid_for_hours").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let hours: i32 = text.parse().map_err(|_| FilmLinkError::Period)?;
    Ok(Some(SignedDuration::from_hours(hours.into())))
}

enum Caller {
    Director(Person),
    /// The login of a 1C account.
    Node(String),
}

impl Caller {
    async fn authenticate(state: &Arc<AppState>, head: &mut Parts) -> Result<Self, Problem> {
        if is_onec(&head.headers) {
            let account = OnecAccount::from_request_parts(head, state).await?;
            return Ok(Self::Node(account.login));
        }
        Ok(Self::Director(state.caller(&head.headers).await?))
    }

    fn issuer(&self) -> FilmLinkIssuer<'_> {
        match self {
            Self::Director(person) => FilmLinkIssuer::Person(person),
            Self::Node(login) => FilmLinkIssuer::Node(login),
        }
    }
}

/// The problem for a report that does not wait for a video.
pub(super) fn not_open(status: ReportStatus) -> Problem {
    match status {
        ReportStatus::Approved => UploadError::ReportClosed.into(),
        _ => UploadError::AlreadySubmitted { held: None }.into(),
    }
}

impl From<FilmLinkError> for Problem {
    fn from(error: FilmLinkError) -> Self {
        let message = error.to_string();
        match error {
            FilmLinkError::Forbidden => Self::new(ErrorCode::Forbidden, message),
            FilmLinkError::Period => Self::field("valid_for_hours", message),
            FilmLinkError::NotFound => Self::not_found(message),
            FilmLinkError::NotOpen(status) => not_open(status),
            FilmLinkError::Database(error) => problem::database_failure(&error),
        }
    }
}
