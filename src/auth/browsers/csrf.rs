//! CSRF tokens, which prove that a request was sent by one of our pages: an HMAC of the session's id.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::auth::keys::{mac, prefix};
use crate::model::SessionId;

/// The label from which the key of the tokens is derived.
pub(super) const LABEL: &str = "CSRF tokens";

pub(super) fn token(key: &[u8; 32], session: SessionId) -> String {
    URL_SAFE_NO_PAD.encode(prefix::<18>(&mac(key, &session.to_string())))
}

pub(super) fn is_equal(expected: &str, given: &str) -> bool {
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_session_and_each_key_has_its_own_token() {
        let session = |number| SessionId::from(uuid::Uuid::from_u128(number));
        let one = token(&[1; 32], session(1));
        assert_eq!(one, token(&[1; 32], session(1)));
        assert_ne!(one, token(&[1; 32], session(2)));
        assert_ne!(one, token(&[2; 32], session(1)));
        assert!(is_equal(&one, &one) && !is_equal(&one, "") && !is_equal(&one, &one[1..]));
    }
}
