//! How a phone says who it is and what the code was (Q1, Q2): Basic, and everything that readers of
//! the document have made of it.
//!
//! The ladder: standard Basic; parts that are base64 themselves; two base64 parts with a colon between
//! them; the whole of it encoded twice; the example's own headers `Login` and `Password`.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::leasing::Login;
use crate::model::{Biin, DeviceId};

/// Longest header that is looked at; the longest true one has a few hundred bytes (S9).
const LONGEST: usize = 8 * 1024;

/// How many digits a BIN or IIN has.
const BIIN_DIGITS: usize = 12;

const EITHER_PADDING: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, EITHER_PADDING);
const SAFE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, EITHER_PADDING);

/// Why there is nobody to be read out of the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Nothing is there.
    Missing,
    /// Something is there, and cannot be.
    Malformed,
}

/// Reads the headers. Never panics, whatever they hold (S9).
pub(super) fn read(headers: &HeaderMap) -> Result<Login, Unreadable> {
    if let Some(payload) = basic(headers)? {
        return of_payload(payload).ok_or(Unreadable::Malformed);
    }
    let login = text(headers.get("login"))?;
    let password = text(headers.get("password"))?;
    let (Some(login), Some(password)) = (login, password) else {
        return Err(Unreadable::Missing);
    };
    of_parts(login, password).ok_or(Unreadable::Malformed)
}

/// What follows `Basic `; another scheme counts as none.
fn basic(headers: &HeaderMap) -> Result<Option<&str>, Unreadable> {
    let Some(value) = text(headers.get(header::AUTHORIZATION))? else { return Ok(None) };
    let (scheme, payload) = value.split_once(' ').unwrap_or((value, ""));
    Ok(scheme.eq_ignore_ascii_case("basic").then(|| payload.trim()))
}

fn text(value: Option<&HeaderValue>) -> Result<Option<&str>, Unreadable> {
    let Some(value) = value else { return Ok(None) };
    if value.len() > LONGEST {
        return Err(Unreadable::Malformed);
    }
    std::str::from_utf8(value.as_bytes())
        .map(|text| Some(text.trim()))
        .map_err(|_| Unreadable::Malformed)
}

fn of_payload(payload: &str) -> Option<Login> {
    // A colon is not in the alphabet: the parts were encoded, not the whole.
    if let Some(login) = of_pair(payload) {
        return Some(login);
    }
    let once = decoded(payload)?;
    of_pair(&once).or_else(|| of_pair(&decoded(once.trim())?))
}

/// The last colon parts them: names of devices may have some, codes have none.
fn of_pair(pair: &str) -> Option<Login> {
    let (login, password) = pair.rsplit_once(':')?;
    of_parts(login, password)
}

fn of_parts(login: &str, password: &str) -> Option<Login> {
    let code = code(password.trim());
    let login = login.trim();
    let (biin, device) =
        biin_and_device(login).or_else(|| biin_and_device(decoded(login)?.trim()))?;
    Some(Login { biin, device, code })
}

/// `200940026146||123456789012349`, or with a single `-` between them.
fn biin_and_device(login: &str) -> Option<(Biin, DeviceId)> {
    let (biin, rest) = login.split_at_checked(BIIN_DIGITS)?;
    // Only the first separator is one: names of devices have dashes of their own.
    let device = rest.strip_prefix("||").or_else(|| rest.strip_prefix('-'))?;
    Some((biin.parse().ok()?, device.parse().ok()?))
}

/// Digits are the code itself: base64 of digits always begins with a letter. What is no code in either
/// way is compared like one, and is wrong.
fn code(password: &str) -> String {
    let is_code = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_code(password) {
        return password.to_owned();
    }
    let inner = decoded(password).map(|inner| inner.trim().to_owned());
    inner.filter(|inner| is_code(inner)).unwrap_or_else(|| password.to_owned())
}

/// Base64 of either alphabet, with or without padding, that is text.
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

    fn seen(pairs: &[(&'static str, &str)]) -> Result<[String; 3], Unreadable> {
        let login = read(&headers(pairs))?;
        Ok([login.biin.as_str().to_owned(), login.device.as_str().to_owned(), login.code])
    }

    #[track_caller]
    fn is_example(pairs: &[(&'static str, &str)]) {
        let example = ["200940026146", "123456789012349", "0588"].map(str::to_owned);
        assert_eq!(seen(pairs), Ok(example), "{pairs:?}");
    }

    /// Q1, Q2
    #[test]
    fn every_way_of_reading_the_document_is_understood() {
        for login in [LOGIN, "200940026146-123456789012349"] {
            is_example(&[(
                "authorization",
                &format!("Basic {}", B64.encode(format!("{login}:0588"))),
            )]);
            is_example(&[(
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
                is_example(&[("authorization", &format!("Basic {pair}"))]);
                is_example(&[("authorization", &format!("Basic {}", B64.encode(&pair)))]);
                is_example(&[(
                    "authorization",
                    &format!("Basic {}", B64.encode(B64.encode(&pair))),
                )]);
                is_example(&[("login", &login), ("password", &code)]);
                is_example(&[
                    ("authorization", "Bearer old"),
                    ("login", &login),
                    ("password", &code),
                ]);
            }
        }
    }

    /// Q1
    #[test]
    fn only_the_first_separator_is_one() {
        let guid = "8e0ac9ba-7fcb-4b35-a1a5-6a1ddc34e0e5";
        for separator in ["||", "-"] {
            let login = format!("200940026146{separator}{guid}");
            assert_eq!(seen(&[("login", &login), ("password", "1")]).unwrap()[1], guid);
        }
        let login = "200940026146--1";
        assert_eq!(seen(&[("login", login), ("password", "1")]).unwrap()[1], "-1");
        let basic = format!("Basic {}", B64.encode("200940026146||ios:a:b:0588"));
        assert_eq!(seen(&[("authorization", &basic)]).unwrap()[1], "ios:a:b");
    }

    /// Q2: base64 of digits is never taken for digits, nor digits for base64.
    #[test]
    fn a_code_of_digits_is_the_code() {
        for number in 0..10_000 {
            let plain = format!("{number:04}");
            assert_eq!(code(&plain), plain);
            assert_eq!(code(&B64.encode(&plain)), plain);
        }
    }

    /// S9
    #[test]
    fn what_cannot_be_is_refused() {
        let long = format!("Basic {}", "A".repeat(LONGEST));
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
            assert_eq!(seen(&[("authorization", basic)]), Err(Unreadable::Malformed), "{basic}");
        }
        assert_eq!(seen(&[]), Err(Unreadable::Missing));
        assert_eq!(seen(&[("login", LOGIN)]), Err(Unreadable::Missing));
        assert_eq!(seen(&[("authorization", "Bearer x")]), Err(Unreadable::Missing));
        let nul = format!("Basic {}", B64.encode("200940026146||a\0b:0588"));
        assert_eq!(seen(&[("authorization", &nul)]), Err(Unreadable::Malformed));
        let twice = read(&headers(&[("login", "x"), ("password", "1")]));
        assert!(twice.is_err());
    }

    proptest! {
        /// S9, S40
        #[test]
        fn no_header_makes_it_panic(
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
        fn near_misses_do_not_panic(login in "[0-9]{10,13}(\\|\\|?|-)?.{0,20}", code in ".{0,12}") {
            let payload = B64.encode(format!("{login}:{code}"));
            let _any = of_payload(&payload);
            let _any = of_parts(&login, &code);
        }
    }
}
