//! BIN and IIN: the state's numbers of companies and persons.

use std::fmt;
use std::str::FromStr;

const DIGITS: usize = 12;

/// Weights of the check digit; the second row applies if the first one yields 10.
const WEIGHTS: [u32; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const SECOND_WEIGHTS: [u32; 11] = [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2];

/// A BIN or IIN, 12 digits. Personal data: it has no [`fmt::Display`], and `{:?}` is masked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Biin(String);

/// The text is not 12 digits. The error does not contain it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a BIN or IIN has 12 digits")]
pub struct BiinError;

impl FromStr for Biin {
    type Err = BiinError;

    fn from_str(text: &str) -> Result<Self, BiinError> {
        let is_valid = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        is_valid.then(|| Self(text.to_owned())).ok_or(BiinError)
    }
}

impl Biin {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For logs: the first four and the last four digits.
    pub fn masked(&self) -> String {
        let (first, rest) = self.0.split_at_checked(4).unwrap_or_default();
        let (_, last) = rest.split_at_checked(4).unwrap_or_default();
        format!("{first}****{last}")
    }

    /// Whether the last digit is the check digit of the others. A wrong one is only logged (Q38).
    pub fn has_valid_check_digit(&self) -> bool {
        let digits: Vec<u32> = self.0.bytes().map(|byte| u32::from(byte - b'0')).collect();
        let rest = |weights: [u32; 11]| {
            digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>() % 11
        };
        let check = match rest(WEIGHTS) {
            10 => rest(SECOND_WEIGHTS),
            digit => digit,
        };
        digits.last() == Some(&check)
    }
}

impl fmt::Debug for Biin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::{Biin, BiinError};

    fn biin(text: &str) -> Biin {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_of_the_api_document_have_valid_check_digits() {
        assert!(biin("200940026146").has_valid_check_digit());
        assert!(biin("790920300817").has_valid_check_digit());
        assert!(!biin("200940026147").has_valid_check_digit());
    }

    #[test]
    fn rejects_anything_but_twelve_ascii_digits() {
        for text in
            ["", "20094002614", "2009400261460", "20094002614a", "٢٠٠٩٤٠٠٢٦١٤٦", "200940026146 "]
        {
            assert_eq!(text.parse::<Biin>(), Err(BiinError), "{text}");
        }
    }

    #[test]
    fn debug_output_shows_the_first_and_last_four_digits() {
        assert_eq!(format!("{:?}", biin("200940026146")), "2009****6146");
    }
}
