//! How a browser is told the name of a file (S56; RFC 6266 §4, RFC 8187 §3.2).

use std::fmt::Write as _;

/// The longest name, in characters; longer ones are cut.
const NAME_LIMIT: usize = 100;
/// Shown when nothing of the name is left.
const NAMELESS: &str = "video.mp4";

/// A `Content-Disposition` that cannot break out of its header: the name in plain ASCII for old
/// browsers, and whole for the others. `inline`, because reviewers watch; the type is always MP4.
pub(super) fn disposition(name: &str) -> String {
    let name = tidy(name);
    let ascii: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    format!("inline; filename=\"{ascii}\"; filename*=UTF-8''{}", percent(&name))
}

/// The name without folders and without characters that steer a terminal or turn text around.
pub(super) fn tidy(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !is_steering(*c)).take(NAME_LIMIT).collect();
    let kept = kept.trim().trim_start_matches('.');
    if kept.is_empty() { NAMELESS.to_owned() } else { kept.to_owned() }
}

fn is_steering(c: char) -> bool {
    // The second half: zero-width marks and the bidirectional overrides of Unicode TR 9.
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

const fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_')
}

/// Everything but the `attr-char` of RFC 8187 that nobody argues about.
fn percent(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_plain_name_stays_as_it_is() {
        assert_eq!(
            disposition("report 7.mp4"),
            "inline; filename=\"report 7.mp4\"; filename*=UTF-8''report%207.mp4"
        );
    }

    #[test]
    fn line_ends_and_quotes_cannot_leave_the_header() {
        let header = disposition("a\"\r\nSet-Cookie: x=1;.mp4");
        assert!(!header.contains(['\r', '\n']));
        assert_eq!(header.matches('"').count(), 2);
        assert!(header.is_ascii());
    }

    #[test]
    fn cyrillic_is_kept_in_the_second_form() {
        assert!(disposition("отчёт.mp4").ends_with("%D0%BE%D1%82%D1%87%D1%91%D1%82.mp4"));
        assert!(disposition("отчёт.mp4").contains("filename=\"_____.mp4\""));
    }

    #[test]
    fn folders_and_turned_text_are_dropped() {
        let header = disposition("..\\..//etc/\u{202e}4pm.exe");
        assert!(header.contains("filename=\"4pm.exe\""), "{header}");
        assert!(disposition("///").contains("video.mp4"));
    }
}
