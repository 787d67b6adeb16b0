//! Texts that people paste, with the marks that phones add to them.

/// Without invisible marks, with ordinary spaces and hyphens, and trimmed.
pub fn pasted_text(text: &str) -> String {
    let visible = text.chars().filter(|char| !is_invisible(*char));
    visible.map(ordinary).collect::<String>().trim().to_owned()
}

/// The digits of a one-time code: `05 88`, `05-88` and full-width digits are the same code. A text with
/// anything else is not changed.
pub fn code_digits(text: &str) -> String {
    let plain: String = pasted_text(text)
        .chars()
        .filter(|char| !" -".contains(*char))
        .map(|char| ascii_digit(char).unwrap_or(char))
        .collect();
    let is_code = !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit());
    if is_code { plain } else { text.to_owned() }
}

/// Soft hyphens, joiners, marks of direction, the byte order mark.
pub const fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

fn ordinary(char: char) -> char {
    match char {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        char if char.is_whitespace() => ' ',
        char => char,
    }
}

/// The value of a full-width or an Arabic digit.
fn ascii_digit(char: char) -> Option<char> {
    let zero = ['\u{ff10}', '\u{660}', '\u{6f0}'];
    let value = zero
        .iter()
        .find_map(|zero| u32::from(char).checked_sub(u32::from(*zero)).filter(|value| *value < 10));
    char::from_digit(value?, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_phones_add_are_removed() {
        let pasted = "\u{202a}+7\u{a0}702\u{2011}123\u{202f}45\u{200b}67\u{202c}\u{feff}";
        assert_eq!(pasted_text(pasted), "+7 702-123 4567");
        assert_eq!(pasted_text("Әсел\u{a0}Қали\u{ad}ева "), "Әсел Қалиева");
    }

    #[test]
    fn a_code_may_be_grouped_and_in_other_digits() {
        for code in ["0588", "05 88", "05-88", "05\u{a0}88", "０５８８", "٠٥٨٨", "\u{200e}0588"]
        {
            assert_eq!(code_digits(code), "0588", "{code}");
        }
        for other in ["", "MDU4OA==", "a-b", "05:88"] {
            assert_eq!(code_digits(other), other);
        }
    }
}
