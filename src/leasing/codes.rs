//! One-time codes. None is stored: it is made from the challenge's id (S7).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::model::ChallengeId;

/// What the key of codes is derived for.
pub(super) const LABEL: &str = "one-time codes";

/// Makes codes.
pub(super) struct Codes {
    key: [u8; 32],
    digits: u32,
}

impl Codes {
    /// Codes of this many digits.
    pub(super) const fn new(key: [u8; 32], digits: u32) -> Self {
        Self { key, digits }
    }

    /// The code of a challenge, with its leading zeros (S8).
    pub(super) fn of(&self, challenge: ChallengeId) -> String {
        let number = u64::from_be_bytes(first(&keyed(&self.key, &challenge.to_string())));
        let width = self.digits as usize;
        // 2⁶⁴ is so much larger than 10⁸ that the remainder favours no code.
        format!("{:0width$}", number % 10_u64.pow(self.digits))
    }
}

/// HMAC-SHA256 of a text under a key of ours.
pub(super) fn keyed(key: &[u8; 32], text: &str) -> [u8; 32] {
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(byte, key)| *byte = *key);
    Hmac::<Sha256>::new(&block.into()).chain_update(text).finalize().into_bytes().into()
}

/// The first bytes of a hash.
pub(super) fn first<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.iter_mut().zip(hash).for_each(|(byte, hashed)| *byte = *hashed);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(number: u128) -> ChallengeId {
        uuid::Uuid::from_u128(number).into()
    }

    #[test]
    fn a_code_has_its_digits_whatever_it_begins_with() {
        for digits in 4..=8 {
            let codes = Codes::new([7; 32], digits);
            let all: Vec<String> = (0..2_000).map(|number| codes.of(challenge(number))).collect();
            assert!(all.iter().all(|code| code.len() == digits as usize));
            assert!(all.iter().any(|code| code.starts_with('0')));
            assert_eq!(
                all,
                (0..2_000).map(|number| codes.of(challenge(number))).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn another_secret_and_another_challenge_make_other_codes() {
        let (one, two) = (Codes::new([1; 32], 8), Codes::new([2; 32], 8));
        assert_ne!(one.of(challenge(1)), two.of(challenge(1)));
        assert_ne!(one.of(challenge(1)), one.of(challenge(2)));
    }
}
