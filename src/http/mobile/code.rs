//! Asking for a one-time code (E1).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use unicode_normalization::char::is_combining_mark;
use utoipa::ToSchema;

use crate::http::client::Client;
use crate::http::error_code::ErrorCode;
use crate::http::fields::Fields;
use crate::http::problem::Problem;
use crate::http::{Answer, AppState, success};
use crate::leasing::Asking;
use crate::model::{Biin, DeviceId, Role, phone_digits};

/// Longest name of a driver, in characters.
const LONGEST_NAME: usize = 100;
/// Longest telephone number as given, in characters.
const LONGEST_MOBILE: usize = 32;
/// How many digits a telephone number has (E.164, and local ones).
const MOBILE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Longest push token, in bytes. Real ones have about 200.
const LONGEST_FCM: usize = 4096;

/// Who wants a code.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes the body; names are read in any case")]
pub(super) struct Wanted {
    /// 1: the director. 2: a driver.
    #[schema(example = 2, minimum = 1, maximum = 2)]
    role_id: u8,
    /// The device, as it calls itself: 1 to 128 letters, digits, and `. _ : -`.
    #[schema(
        example = "123456789012349",
        min_length = 1,
        max_length = 128,
        pattern = "^[A-Za-z0-9._:-]+$"
    )]
    uuid: String,
    /// Where the device is told of things; empty: nowhere.
    #[schema(rename = "FCM", example = "", max_length = 4096, pattern = "^[!-~]*$")]
    fcm: String,
    /// Role 2 only: the driver's telephone, 7 to 15 digits.
    #[schema(example = "+77021234567", max_length = 32, pattern = "^[0-9 +()-]+$")]
    mobile: Option<String>,
    /// Role 2 only: the driver's name, in letters of any script, blanks, and `. - '`.
    #[schema(example = "Иван", max_length = 100)]
    first_name: Option<String>,
}

/// Where the code went.
#[derive(Serialize, ToSchema)]
pub(super) struct Sent {
    /// The address, masked.
    #[schema(example = "e****l@mail.ru")]
    email: String,
}

/// Sends a one-time code to the owner of a BIN or IIN
///
/// The code is good for 10 minutes, once, on this device. Nobody learns whether there is such a BIN.
#[utoipa::path(
    post,
    path = "/biin/{biin}",
    operation_id = "ask_for_code",
    tag = "sign-in",
    params(("biin" = String, Path, description = "BIN or IIN: 12 digits", example = "200940026146",
        pattern = "^[0-9]{12}$")),
    request_body(
        description = "Names in any case, numbers also as texts",
        content(
            (Wanted = "multipart/form-data"),
            (Wanted = "application/x-www-form-urlencoded"),
            (Wanted = "application/json"),
        )
    ),
    responses(
        (status = 200, description = "A code is on its way", body = Answer<Sent>),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "Not 12 digits, or a body that cannot be read"],
        [413, [ErrorCode::BodyTooLarge]],
        [422, [ErrorCode::ValidationFailed], "Details name each field"],
        [429, [ErrorCode::OtpRateLimited], "See Retry-After"],
        [503, [ErrorCode::StorageUnavailable]],
    ])))
)]
pub(super) async fn ask(
    State(state): State<Arc<AppState>>,
    biin: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let biin = biin.ok().and_then(|Path(text)| text.parse::<Biin>().ok());
    let biin =
        biin.ok_or_else(|| Problem::unreadable("the address ends in a BIN or IIN: 12 digits"))?;
    let (head, body) = request.into_parts();
    let address = Client::of(&state.proxies, &head.extensions, &head.headers).to_string();
    let fields = Fields::read(&state, &head.headers, body).await?;
    let asking = asking(biin, &fields, address)?;
    let email = state.leasing.ask_for_code(asking).await?;
    Ok(success(StatusCode::OK, "OTP is sent to your email.", &Sent { email }))
}

/// What the fields say, or everything that is missing or cannot be.
fn asking(biin: Biin, fields: &Fields, address: String) -> Result<Asking, Problem> {
    let mut reading = Reading { fields, wrong: Vec::new() };
    let role = reading.role();
    let device = reading.device();
    let fcm = reading.fcm();
    let (mobile, first_name) = match role {
        Some(Role::Employee) => (reading.mobile(), reading.first_name()),
        // A director is known to 1C; what else a form says is not looked at.
        _ => (Some(String::new()), Some(String::new())),
    };
    match (role, device, fcm, mobile, first_name) {
        (Some(role), Some(device), Some(fcm), Some(mobile), Some(first_name)) => {
            Ok(Asking { biin, role, device, fcm, mobile, first_name, address })
        }
        _ => Err(Problem::fields(&reading.wrong)),
    }
}

/// Reads field by field and collects what is wrong, so that a client learns everything at once.
struct Reading<'a> {
    fields: &'a Fields,
    wrong: Vec<(&'static str, String)>,
}

impl Reading<'_> {
    fn wrong<T>(&mut self, name: &'static str, why: &str) -> Option<T> {
        self.wrong.push((name, why.to_owned()));
        None
    }

    fn given(&mut self, name: &'static str) -> Option<String> {
        match self.fields.get(&name.to_lowercase()) {
            Some(text) if !text.is_empty() => Some(text.to_owned()),
            _ => self.wrong(name, "is required"),
        }
    }

    fn role(&mut self) -> Option<Role> {
        match self.given("role_id")?.as_str() {
            "1" => Some(Role::Admin),
            "2" => Some(Role::Employee),
            _ => self.wrong("role_id", "must be 1 (director) or 2 (driver)"),
        }
    }

    fn device(&mut self) -> Option<DeviceId> {
        let text = self.given("uuid")?;
        match text.parse::<DeviceId>() {
            Ok(device) => Some(device),
            Err(why) => self.wrong("uuid", &why.to_string()),
        }
    }

    /// It has to be there; empty means that the device is told nothing (Q4).
    fn fcm(&mut self) -> Option<String> {
        match self.fields.get("fcm") {
            None => self.wrong("FCM", "is required; it may be empty"),
            Some(text) => match readable_fcm(text) {
                Some(text) => Some(text),
                None => self.wrong("FCM", "must be up to 4096 visible ASCII characters"),
            },
        }
    }

    fn mobile(&mut self) -> Option<String> {
        let text = self.given("mobile")?;
        let sign = |sign: char| sign.is_ascii_digit() || " +-()".contains(sign);
        let fits = text.chars().count() <= LONGEST_MOBILE && text.chars().all(sign);
        if fits && MOBILE_DIGITS.contains(&phone_digits(&text).len()) {
            return Some(text);
        }
        self.wrong("mobile", "must be a telephone number: 7 to 15 digits, blanks and + - ( )")
    }

    fn first_name(&mut self) -> Option<String> {
        let text = self.given("first_name")?;
        if text.chars().count() <= LONGEST_NAME && text.chars().all(is_of_a_name) {
            return Some(text);
        }
        self.wrong("first_name", "must be up to 100 letters, blanks and . - '")
    }
}

/// Names of any script. What could be an address or a link is none: the name stands in a letter to
/// the director, and a stranger chooses it.
fn is_of_a_name(sign: char) -> bool {
    sign.is_alphabetic() || is_combining_mark(sign) || " .-'’".contains(sign)
}

/// A push token that can be one.
pub(super) fn readable_fcm(text: &str) -> Option<String> {
    let fits = text.len() <= LONGEST_FCM && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned())
}
