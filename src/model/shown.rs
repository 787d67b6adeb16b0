//! Text from outside, made safe to show within our own texts: in mails, notifications and pages.

use unicode_normalization::char::is_combining_mark;

use super::pasted::is_invisible;

/// Limit for a name, phone number or device, in characters: anyone who requests a code can choose them.
const MAX_VALUE_LENGTH: usize = 64;

/// Surname, first name, patronymic. More would be a sentence.
const MAX_NAME_WORDS: usize = 3;
const MAX_NAME_LENGTH: usize = 48;

/// The groups of a device id that is no hexadecimal number.
const MAX_DEVICE_WORDS: usize = 2;
const MAX_DEVICE_LENGTH: usize = 24;

/// A value as one short line.
pub fn shown_value(text: &str) -> String {
    shown_line(text).chars().take(MAX_VALUE_LENGTH).collect()
}

/// The text as one line, without invisible characters and bidirectional controls, which could change how
/// the text around it reads.
pub fn shown_line(text: &str) -> String {
    let visible: String = text.chars().filter(|char| !is_invisible(*char)).collect();
    let blank = visible.replace(char::is_control, " ");
    blank.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name or a title from outside, for clients that may show it in a page or behind other text: without
/// invisible characters and bidirectional controls, and without the characters that begin and end markup.
pub fn harmless_name(text: &str) -> String {
    shown_line(text).replace('<', "‹").replace('>', "›")
}

/// A person's name that a stranger may have made up. Empty if it could be a sentence, an address or a
/// telephone number: it stands in a mail that people trust.
pub fn shown_name(text: &str) -> String {
    let name = shown_line(text);
    let allowed =
        |char: char| char.is_alphabetic() || is_combining_mark(char) || " -'’".contains(char);
    let is_name = name.chars().all(allowed)
        && name.split([' ', '-']).count() <= MAX_NAME_WORDS
        && name.chars().count() <= MAX_NAME_LENGTH;
    if is_name { name } else { String::new() }
}

/// A device's own name: a UUID, an IMEI, or a short word or two. Empty if it could be a sentence or an
/// address.
pub fn shown_device(text: &str) -> String {
    let is_number = |char: char| char.is_ascii_hexdigit() || char == '-';
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
    let is_short = text.len() <= MAX_DEVICE_LENGTH
        && text.split(['-', '_']).count() <= MAX_DEVICE_WORDS
        && text.chars().all(is_plain);
    let is_shown = is_short || text.chars().all(is_number);
    if is_shown { shown_value(text) } else { String::new() }
}

/// Text for HTML, within an element or a quoted attribute.
pub fn escape_html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_removed() {
        assert_eq!(shown_value("Ив\u{200b}ан\u{202e} \r\n\u{2066}X\u{2069}\u{feff}"), "Иван X");
        assert_eq!(shown_value(&"я".repeat(100)).chars().count(), MAX_VALUE_LENGTH);
        assert_eq!(shown_line("Темно.\n\u{200f}Ещё раз"), "Темно. Ещё раз");
        assert_eq!(shown_line("Ы".repeat(100).as_str()).chars().count(), 100);
    }

    #[test]
    fn a_harmless_name_has_neither_markup_nor_bidirectional_controls() {
        assert_eq!(harmless_name("ТОО \"Ко\u{202e}ла\" & <b>\n1</b>"), "ТОО \"Кола\" & ‹b› 1‹/b›");
        assert_eq!(harmless_name("Қалиева Әсел"), "Қалиева Әсел");
    }

    #[test]
    fn a_name_is_shown_only_if_it_is_no_sentence_and_no_address() {
        for name in ["Иван", "Қалиева Әсел Ерланқызы", "O'Neil", "Анна-Мария Ким", "José"]
        {
            assert_eq!(shown_name(name), name);
        }
        for other in [
            "forte.kz",
            "https://evil.kz",
            "Иван 87001234567",
            "Срочно позвоните по этому номеру",
            "Срочно-позвоните-в-банк",
            "<b>Иван</b>",
            &"Я".repeat(49),
        ] {
            assert_eq!(shown_name(other), "", "{other}");
        }
    }

    #[test]
    fn a_device_is_shown_only_if_it_is_no_sentence_and_no_address() {
        let uuid = "8e0ac9ba-7fcb-4b35-a1a5-6a1ddc34e0e5";
        for device in [uuid, "123456789012349", "phone-7", "SM_A515"] {
            assert_eq!(shown_device(device), device);
        }
        for other in
            ["evil.kz", "call-8700-now", "visit:evil", "https:evil.kz", "x".repeat(25).as_str()]
        {
            assert_eq!(shown_device(other), "", "{other}");
        }
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            escape_html("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"
        );
    }
}
