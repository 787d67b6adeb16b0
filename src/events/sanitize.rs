//! Makes text from outside safe to insert into our own texts.

/// Limit for a name, phone number or device in a mail, in characters: anyone who requests a code can
/// choose them.
const MAX_VALUE_LENGTH: usize = 64;

/// A value as one short line.
pub(super) fn value(text: &str) -> String {
    line(text).chars().take(MAX_VALUE_LENGTH).collect()
}

/// The text as one line, without invisible characters and bidirectional overrides, which could change
/// how the text around it reads.
pub(super) fn line(text: &str) -> String {
    let visible: String = text.chars().filter(|char| !is_invisible(*char)).collect();
    let blank = visible.replace(char::is_control, " ");
    blank.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Format characters: soft hyphen, zero-width and bidirectional marks.
const fn is_invisible(char: char) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_removed() {
        assert_eq!(value("Ив\u{200b}ан\u{202e} \r\n\u{2066}X\u{2069}\u{feff}"), "Иван X");
        assert_eq!(value(&"я".repeat(100)).chars().count(), MAX_VALUE_LENGTH);
        assert_eq!(line("Темно.\n\u{200f}Ещё раз"), "Темно. Ещё раз");
        assert_eq!(line("Ы".repeat(100).as_str()).chars().count(), 100);
    }
}
