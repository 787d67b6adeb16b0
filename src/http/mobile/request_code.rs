//! Requesting a one-time code (E1).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use unicode_normalization::char::is_combining_mark;
use utoipa::ToSchema;

use crate::auth::CodeRequest;
use crate::http::client::Client;
use crate::http::error_code::ErrorCode;
use crate::http::fields::Fields;
use crate::http::path_param::PathParam;
use crate::http::problem::Problem;
use crate::http::{Answer, AppState, success};
use crate::model::{Biin, DeviceId, Origin, Role, pasted_text, phone_digits};

const FIELDS: &[&str] = &["role_id", "uuid", "fcm", "mobile", "first_name"];

/// In characters.
const LONGEST_NAME: usize = 100;
/// In characters, as typed.
const LONGEST_MOBILE: usize = 32;
/// E.164, and local numbers.
const MOBILE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// In bytes. Push tokens have about 200.
const LONGEST_FCM: usize = 4096;

pub(super) const FCM_RULE: &str = "must be up to 4096 visible ASCII characters";

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; its names are read in any case")]
pub(super) struct CodeRequestFields {
    /// 1: the director. 2: a driver.
    #[schema(example = 2, minimum = 1, maximum = 2)]
    role_id: u8,
    /// An id that the device chose for itself: 1 to 128 letters, digits, and `. _ : -`.
    #[schema(
        example = "123456789012349",
        min_length = 1,
        max_length = 128,
        pattern = "^[A-Za-z0-9._:-]+$"
    )]
    uuid: String,
    /// The push token of the device; empty, null or left out: no push.
    #[schema(rename = "FCM", example = "", max_length = 4096, pattern = "^[!-~]*$")]
    fcm: Option<String>,
    /// Role 2 only: the driver's phone number, 7 to 15 digits.
    #[schema(example = "+77021234567", max_length = 32, pattern = "^[0-9 +()-]+$")]
    mobile: Option<String>,
    /// Role 2 only: the driver's name, in letters of any script, blanks, and `. - '`.
    #[schema(example = "Иван", max_length = 100)]
    first_name: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CodeSent {
    /// The address that the code was sent to, masked.
    #[schema(example = "e****l@mail.ru")]
    email: String,
}

/// Mails a one-time code to the owner of a BIN or IIN
///
/// The code is valid for 10 minutes, once, and on this device only. The response does not reveal whether
/// the BIN or IIN exists.
#[utoipa::path(
    post,
    path = "/biin/{biin}",
    operation_id = "request_code",
    tag = "sign-in",
    params(("biin" = String, Path, description = "BIN or IIN: 12 digits", example = "200940026146",
        pattern = "^[0-9]{12}$")),
    request_body(
        description = "Field names in any case; numbers may be strings",
        content(
            (CodeRequestFields = "multipart/form-data"),
            (CodeRequestFields = "application/x-www-form-urlencoded"),
            (CodeRequestFields = "application/json"),
        )
    ),
    responses((status = 200, description = "The code is on its way", body = Answer<CodeSent>)),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "Not 12 digits, or the body cannot be read"],
        [422, [ErrorCode::ValidationFailed], "`details` names each invalid field"],
        [429, [ErrorCode::OtpRateLimited], "Retry after `Retry-After`"],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::MailRefused]],
    ])))
)]
pub(super) async fn request_code(
    State(state): State<Arc<AppState>>,
    PathParam(biin): PathParam<Biin>,
    request: Request,
) -> Result<Response, Problem> {
    let biin = biin
        .ok_or_else(|| Problem::unreadable("the address must end in a BIN or IIN of 12 digits"))?;
    let (head, body) = request.into_parts();
    let origin = Client::of(&state.proxies, &head.extensions, &head.headers).origin();
    let fields = Fields::read(&state, &head.headers, body, FIELDS).await?;
    let email = state.auth.request_code(parse(biin, &fields, origin)?).await?;
    Ok(success(StatusCode::OK, "OTP is sent to your email.", &CodeSent { email }))
}

/// Parses the request, or returns one problem that names every invalid field.
fn parse(biin: Biin, fields: &Fields, origin: Origin) -> Result<CodeRequest, Problem> {
    let mut parser = Parser { fields, wrong: Vec::new() };
    let role = parser.role();
    let device = parser.device();
    let fcm = parser.fcm();
    let (mobile, first_name) = match role {
        Some(Role::Employee) => (parser.mobile(), parser.first_name()),
        // A director's name and phone come from 1C; further fields are ignored.
        _ => (Some(String::new()), Some(String::new())),
    };
    match (role, device, fcm, mobile, first_name) {
        (Some(role), Some(device), Some(fcm), Some(mobile), Some(first_name)) => {
            Ok(CodeRequest { biin, role, device, fcm, mobile, first_name, origin })
        }
        _ => Err(Problem::fields(&parser.wrong)),
    }
}

struct Parser<'a> {
    fields: &'a Fields,
    wrong: Vec<(&'static str, String)>,
}

impl Parser<'_> {
    fn wrong<T>(&mut self, name: &'static str, why: impl Into<String>) -> Option<T> {
        self.wrong.push((name, why.into()));
        None
    }

    fn required(&mut self, name: &'static str) -> Option<String> {
        match self.fields.get(name) {
            Some(text) if !text.is_empty() => Some(text.to_owned()),
            _ => self.wrong(name, "is required"),
        }
    }

    fn role(&mut self) -> Option<Role> {
        match self.required("role_id")?.as_str() {
            "1" => Some(Role::Admin),
            "2" => Some(Role::Employee),
            _ => self.wrong("role_id", "must be 1 (director) or 2 (driver)"),
        }
    }

    fn device(&mut self) -> Option<DeviceId> {
        match self.required("uuid")?.parse::<DeviceId>() {
            Ok(device) => Some(device),
            Err(error) => self.wrong("uuid", error.to_string()),
        }
    }

    /// Empty, null or left out by phones without Google services: no push then.
    fn fcm(&mut self) -> Option<String> {
        let text = self.fields.get("fcm").unwrap_or_default();
        parse_fcm(text).or_else(|| self.wrong("FCM", FCM_RULE))
    }

    fn mobile(&mut self) -> Option<String> {
        let text = pasted_text(&self.required("mobile")?);
        let allowed = |char: char| char.is_ascii_digit() || " +-()".contains(char);
        let fits = text.chars().count() <= LONGEST_MOBILE && text.chars().all(allowed);
        if fits && MOBILE_DIGITS.contains(&phone_digits(&text).len()) {
            return Some(text);
        }
        self.wrong("mobile", "must be a phone number: 7 to 15 digits, blanks and + - ( )")
    }

    fn first_name(&mut self) -> Option<String> {
        let text = pasted_text(&self.required("first_name")?);
        if text.chars().count() <= LONGEST_NAME && text.chars().all(is_allowed_in_name) {
            return Some(text);
        }
        self.wrong("first_name", "must be up to 100 letters, blanks and . - '")
    }
}

/// Names of any script, but neither addresses nor links: anybody may choose the name, and it is printed in
/// the mail to the director.
fn is_allowed_in_name(char: char) -> bool {
    char.is_alphabetic() || is_combining_mark(char) || " .-'’".contains(char)
}

pub(super) fn parse_fcm(text: &str) -> Option<String> {
    let fits = text.len() <= LONGEST_FCM && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned())
}
