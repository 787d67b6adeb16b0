//! TOTP, the one-time codes of authenticator apps (RFC 6238): six digits, thirty seconds, SHA-1, which every
//! app supports.
//!
//! Implemented here because the TOTP crates depend on other versions of `hmac` and `sha1`.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

use crate::auth::keys::{mac, prefix};

/// The issuer that an app displays.
const ISSUER: &str = "ForteLeasing";

const SECONDS: i64 = 30;
const MODULUS: u32 = 1_000_000;

/// Accepted time steps before and after the current one: clocks differ, and people type slowly.
const DRIFT: i64 = 1;

/// The key of one account. It is derived and not stored, so a stolen database is not enough to sign in.
pub(super) struct TotpKey([u8; 20]);

impl TotpKey {
    pub(super) fn new(key: &[u8; 32], totp_id: &str) -> Self {
        Self(prefix(&mac(key, totp_id)))
    }

    /// The time step around `now` to which the code belongs.
    pub(super) fn matching_step(&self, code: &str, now: Timestamp) -> Option<u64> {
        let current = now.as_second().div_euclid(SECONDS);
        let steps = (current - DRIFT)..=(current + DRIFT);
        let mut steps = steps.filter_map(|step| u64::try_from(step).ok());
        steps.find(|step| bool::from(self.code(*step).as_bytes().ct_eq(code.as_bytes())))
    }

    fn code(&self, step: u64) -> String {
        let mut block = [0; 64];
        block.iter_mut().zip(&self.0).for_each(|(byte, key)| *byte = *key);
        let mac = Hmac::<Sha1>::new(&block.into()).chain_update(step.to_be_bytes()).finalize();
        let mac: [u8; 20] = mac.into_bytes().into();
        let at = usize::from(mac[19] & 0x0f);
        let number = u32::from_be_bytes([mac[at], mac[at + 1], mac[at + 2], mac[at + 3]]);
        format!("{:06}", (number & 0x7fff_ffff) % MODULUS)
    }

    /// In base32, for typing into an app.
    pub(super) fn secret(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// The `otpauth://` URL that an app reads from a QR code.
    pub(super) fn url(&self, login: &str) -> String {
        let label: String = url::form_urlencoded::byte_serialize(login.as_bytes()).collect();
        let secret = self.secret();
        format!("otpauth://totp/{ISSUER}:{label}?secret={secret}&issuer={ISSUER}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, to six digits.
    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let key = TotpKey(*b"12345678901234567890");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(key.code(seconds / 30), code);
            let now = Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap();
            assert_eq!(key.matching_step(code, now), Some(seconds / 30));
        }
        assert_eq!(key.secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_is_accepted_one_step_early_and_late() {
        let key = TotpKey([7; 20]);
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let code = key.code(1_000);
        let accepted = |seconds| key.matching_step(&code, at(seconds)) == Some(1_000);
        assert!(accepted(29_970) && accepted(30_000) && accepted(30_059));
        assert!(!accepted(29_969) && !accepted(30_060));
        for wrong in ["", "12345", "1234567", "абвгде"] {
            assert_eq!(key.matching_step(wrong, at(30_000)), None);
        }
    }

    #[test]
    fn a_login_is_escaped_in_the_url() {
        let url = TotpKey([0; 20]).url("aigul@forte.kz");
        assert!(
            url.starts_with("otpauth://totp/ForteLeasing:aigul%40forte.kz?secret=AAAA"),
            "{url}"
        );
    }
}
