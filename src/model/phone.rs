//! Normalized phone numbers, for comparisons only; people see a number as it was entered.

/// The digits of a Kazakh or Russian number, starting with 7: `+7 (702) 123-45-67`, `87021234567`
/// and `7021234567` are the same number. Of any other number, its digits.
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
    fn all_spellings_of_a_number_are_equal() {
        for given in ["+7 (702) 123-45-67", "87021234567", "7021234567", "+77021234567"] {
            assert_eq!(phone_digits(given), "77021234567", "{given}");
        }
        assert_eq!(phone_digits("+49 30 12345678"), "493012345678");
        assert_eq!(phone_digits("none"), "");
    }
}
