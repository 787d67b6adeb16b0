//! One-time codes. They are not stored: a code is an HMAC of its challenge's id.

use super::keys::{mac, prefix};
use crate::model::ChallengeId;

/// The label of the key.
pub(super) const LABEL: &str = "one-time codes";

pub(super) struct Codes {
    key: [u8; 32],
    digits: u32,
}

impl Codes {
    pub(super) const fn new(key: [u8; 32], digits: u32) -> Self {
        Self { key, digits }
    }

    /// The code of a challenge, with leading zeros.
    pub(super) fn of(&self, challenge: ChallengeId) -> String {
        let number = u64::from_be_bytes(prefix(&mac(&self.key, &challenge.to_string())));
        let width = self.digits as usize;
        // 2⁶⁴ is so much larger than 10⁸ that the remainder has no measurable bias.
        format!("{:0width$}", number % 10_u64.pow(self.digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(number: u128) -> ChallengeId {
        uuid::Uuid::from_u128(number).into()
    }

    #[test]
    fn a_code_keeps_its_leading_zeros() {
        for digits in 4..=8 {
            let codes = Codes::new([7; 32], digits);
            let all = || (0..2_000).map(|number| codes.of(challenge(number))).collect::<Vec<_>>();
            assert!(all().iter().all(|code| code.len() == digits as usize));
            assert!(all().iter().any(|code| code.starts_with('0')));
            assert_eq!(all(), all());
        }
    }

    #[test]
    fn each_key_and_each_challenge_gives_another_code() {
        let (one, two) = (Codes::new([1; 32], 8), Codes::new([2; 32], 8));
        assert_ne!(one.of(challenge(1)), two.of(challenge(1)));
        assert_ne!(one.of(challenge(1)), one.of(challenge(2)));
    }
}
