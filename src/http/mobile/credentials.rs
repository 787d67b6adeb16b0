//! The one-time code in the headers of a sign-in (Q1, Q2).
//!
//! The API document describes the encoding ambiguously, so every reading of it is accepted: standard
//! Basic; parts that are base64 themselves; two base64 parts with a colon between them; the whole encoded
//! twice; the headers `Login` and `Password` of the example.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::auth::SignInRequest;
use crate::model::{Biin, DeviceId, code_digits};

/// In bytes. Real headers have a few hundred.
const LONGEST_HEADER: usize = 8 * 1024;

const BIIN_DIGITS: usize = 12;

const ANY_PADDING: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, ANY_PADDING);
const SAFE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, ANY_PADDING);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CredentialsError {
    Missing,
    Malformed,
}

pub(super) fn read(headers: &HeaderMap) -> Result<SignInRequest, CredentialsError> {
    if let Some(payload) = basic(headers)? {
        return of_payload(payload).ok_or(CredentialsError::Malformed);
    }
    let login = text(headers.get("login"))?;
    let password = text(headers.get("password"))?;
    let (Some(login), Some(password)) = (login, password) else {
        return Err(CredentialsError::Missing);
    };
    of_parts(login, password).ok_or(CredentialsError::Malformed)
}

/// The part after `Basic `; `None` for another scheme.
fn basic(headers: &HeaderMap) -> Result<Option<&str>, CredentialsError> {
    let Some(value) = text(headers.get(header::AUTHORIZATION))? else { return Ok(None) };
    let (scheme, payload) = value.split_once(' ').unwrap_or((value, ""));
    Ok(scheme.eq_ignore_ascii_case("basic").then(|| payload.trim()))
}

fn text(value: Option<&HeaderValue>) -> Result<Option<&str>, CredentialsError> {
    let Some(value) = value else { return Ok(None) };
    if value.len() > LONGEST_HEADER {
        return Err(CredentialsError::Malformed);
    }
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| CredentialsError::Malformed)?;
    Ok(Some(text.trim()))
}

fn of_payload(payload: &str) -> Option<SignInRequest> {
    // A colon is not in the base64 alphabet, so here the two parts were encoded separately.
    if let Some(request) = parse_pair(payload) {
        return Some(request);
    }
    let once = decoded(payload)?;
    parse_pair(&once).or_else(|| parse_pair(&decoded(once.trim())?))
}

/// Splits at the last colon: device ids may contain colons, codes do not.
fn parse_pair(pair: &str) -> Option<SignInRequest> {
    let (login, password) = pair.rsplit_once(':')?;
    of_parts(login, password)
}

fn of_parts(login: &str, password: &str) -> Option<SignInRequest> {
    let code = code(password.trim());
    let login = login.trim();
    let (biin, device) =
        biin_and_device(login).or_else(|| biin_and_device(decoded(login)?.trim()))?;
    Some(SignInRequest { biin, device, code })
}

/// Splits `200940026146||123456789012349`, or the same with a single `-`, at the first separator: device
/// ids may contain dashes.
fn biin_and_device(login: &str) -> Option<(Biin, DeviceId)> {
    let (biin, rest) = login.split_at_checked(BIIN_DIGITS)?;
    let device = rest.strip_prefix("||").or_else(|| rest.strip_prefix('-'))?;
    Some((biin.parse().ok()?, device.parse().ok()?))
}

/// Digits are the code itself: base64 of digits always begins with a letter. A password that is no code
/// in either form is returned as it is, and will not match.
fn code(password: &str) -> String {
    let is_code = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = code_digits(password);
    if is_code(&digits) {
        return digits;
    }
    let inner = decoded(password).map(|inner| code_digits(inner.trim()));
    inner.filter(|inner| is_code(inner)).unwrap_or_else(|| password.to_owned())
}

/// Base64 of either alphabet, with or without padding, of UTF-8.
fn decoded(text: &str) -> Option<String> {
    let bytes = PLAIN.decode(text).or_else(|_| SAFE.decode(text)).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{
        STANDARD as B64, STANDARD_NO_PAD as B64_BARE, URL_SAFE as B64_URL,
        URL_SAFE_NO_PAD as B64_URL_BARE,
    };
    use proptest::prelude::*;

    use super::*;

    const LOGIN: &str = "200940026146||123456789012349";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            ((*name).parse().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn parsed(pairs: &[(&'static str, &str)]) -> Result<[String; 3], CredentialsError> {
        let request = read(&headers(pairs))?;
        Ok([request.biin.as_str().to_owned(), request.device.as_str().to_owned(), request.code])
    }

    #[track_caller]
    fn assert_is_example(pairs: &[(&'static str, &str)]) {
        let example = ["200940026146", "123456789012349", "0588"].map(str::to_owned);
        assert_eq!(parsed(pairs), Ok(example), "{pairs:?}");
    }

    /// Q1, Q2
    #[test]
    fn accepts_every_reading_of_the_document() {
        for login in [LOGIN, "200940026146-123456789012349"] {
            assert_is_example(&[(
                "authorization",
                &format!("Basic {}", B64.encode(format!("{login}:0588"))),
            )]);
            assert_is_example(&[(
                "authorization",
                &format!("basic {}", B64_URL_BARE.encode(format!("{login}:0588"))),
            )]);
            for [login, code] in [
                [B64.encode(login), B64.encode("0588")],
                [B64_BARE.encode(login), "0588".to_owned()],
                [B64_URL.encode(login), B64_BARE.encode("0588")],
                [login.to_owned(), B64.encode("0588")],
                [login.to_owned(), B64.encode("0588\n")],
            ] {
                let pair = format!("{login}:{code}");
                assert_is_example(&[("authorization", &format!("Basic {pair}"))]);
                assert_is_example(&[("authorization", &format!("Basic {}", B64.encode(&pair)))]);
                assert_is_example(&[(
                    "authorization",
                    &format!("Basic {}", B64.encode(B64.encode(&pair))),
                )]);
                assert_is_example(&[("login", &login), ("password", &code)]);
                assert_is_example(&[
                    ("authorization", "Bearer old"),
                    ("login", &login),
                    ("password", &code),
                ]);
            }
        }
    }

    /// Q1
    #[test]
    fn splits_the_login_at_the_first_separator() {
        let guid = "8e0ac9ba-7fcb-4b35-a1a5-6a1ddc34e0e5";
        for separator in ["||", "-"] {
            let login = format!("200940026146{separator}{guid}");
            assert_eq!(parsed(&[("login", &login), ("password", "1")]).unwrap()[1], guid);
        }
        let login = "200940026146--1";
        assert_eq!(parsed(&[("login", login), ("password", "1")]).unwrap()[1], "-1");
        let basic = format!("Basic {}", B64.encode("200940026146||ios:a:b:0588"));
        assert_eq!(parsed(&[("authorization", &basic)]).unwrap()[1], "ios:a:b");
    }

    /// Q2: base64 of digits is never taken for digits, nor digits for base64.
    #[test]
    fn reads_digits_as_the_code_and_decodes_base64() {
        for number in 0..10_000 {
            let plain = format!("{number:04}");
            assert_eq!(code(&plain), plain);
            assert_eq!(code(&B64.encode(&plain)), plain);
        }
    }

    /// S9
    #[test]
    fn refuses_malformed_headers() {
        let long = format!("Basic {}", "A".repeat(LONGEST_HEADER));
        for basic in [
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic bm8gY29sb24=",
            "Basic AAAA",
            "Basic \u{ff}",
            "Basic 200940026146:0588",
            &long,
        ] {
            assert_eq!(
                parsed(&[("authorization", basic)]),
                Err(CredentialsError::Malformed),
                "{basic}"
            );
        }
        assert_eq!(parsed(&[]), Err(CredentialsError::Missing));
        assert_eq!(parsed(&[("login", LOGIN)]), Err(CredentialsError::Missing));
        assert_eq!(parsed(&[("authorization", "Bearer x")]), Err(CredentialsError::Missing));
        let nul = format!("Basic {}", B64.encode("200940026146||a\0b:0588"));
        assert_eq!(parsed(&[("authorization", &nul)]), Err(CredentialsError::Malformed));
        let twice = read(&headers(&[("login", "x"), ("password", "1")]));
        assert!(twice.is_err());
    }

    proptest! {
        /// S9
        #[test]
        fn never_panics_on_any_headers(
            basic in any::<bool>(),
            one in proptest::collection::vec(any::<u8>(), 0..300),
            two in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut headers = HeaderMap::new();
            let scheme: &[u8] = if basic { b"Basic " } else { b"" };
            for (name, bytes) in [("authorization", [scheme, &one].concat()), ("login", one.clone()), ("password", two.clone())] {
                if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                    headers.insert(name, value);
                }
            }
            let _any = read(&headers);
            let encoded = format!("Basic {}", B64.encode([&one[..], b":", &two].concat()));
            headers.insert("authorization", encoded.parse().unwrap());
            let _any = read(&headers);
        }

        #[test]
        fn never_panics_on_almost_valid_credentials(login in "[0-9]{10,13}(\\|\\|?|-)?.{0,20}", code in ".{0,12}") {
            let payload = B64.encode(format!("{login}:{code}"));
            let _any = of_payload(&payload);
            let _any = of_parts(&login, &code);
        }
    }
}
