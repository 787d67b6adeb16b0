//! Telephone numbers in one form, to compare them (Q30). What people see is as it was given.

/// The digits of a Kazakh or Russian number, beginning with 7: `+7 (702) 123-45-67`, `87021234567`
/// and `7021234567` are one. Another number is just its digits.
#[must_use]
pub fn phone_digits(given: &str) -> String {
    let digits: String = given.chars().filter(char::is_ascii_digit).collect();
    match (digits.len(), digits.split_at_checked(1)) {
        (11, Some(("8", rest))) => format!("7{rest}"),
        (10, _) => format!("7{digits}"),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::phone_digits;

    #[test]
    fn one_number_however_it_is_written() {
        for given in ["+7 (702) 123-45-67", "87021234567", "7021234567", "+77021234567"] {
            assert_eq!(phone_digits(given), "77021234567", "{given}");
        }
        assert_eq!(phone_digits("+49 30 12345678"), "493012345678");
        assert_eq!(phone_digits("none"), "");
    }
}
