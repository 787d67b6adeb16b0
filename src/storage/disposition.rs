//! The `Content-Disposition` header (RFC 6266 section 4, RFC 8187 section 3.2).

use url::form_urlencoded::byte_serialize;

/// In characters; a longer name is truncated.
const MAX_NAME_LENGTH: usize = 100;
/// Used when sanitizing leaves nothing of the name.
const DEFAULT_NAME: &str = "video.mp4";

/// A header value that cannot be broken out of: an ASCII fallback name for old browsers, and the full
/// name for the others. `inline`, because reviewers watch the video in the browser.
pub(super) fn disposition(name: &str) -> String {
    let name = sanitize(name);
    let ascii: String = name.chars().map(|c| if is_ascii_safe(c) { c } else { '_' }).collect();
    format!("inline; filename=\"{ascii}\"; filename*=UTF-8''{}", percent_encode(&name))
}

/// The name without folders, control characters and invisible formatting characters.
pub(super) fn sanitize(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !is_unsafe(*c)).take(MAX_NAME_LENGTH).collect();
    let kept = kept.trim().trim_start_matches('.');
    if kept.is_empty() { DEFAULT_NAME.to_owned() } else { kept.to_owned() }
}

fn is_unsafe(c: char) -> bool {
    // Zero-width marks, and the bidirectional overrides of Unicode TR 9.
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

const fn is_ascii_safe(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_')
}

/// Encodes everything but letters, digits and `.-_`, a subset of the `attr-char` of RFC 8187.
fn percent_encode(name: &str) -> String {
    // A form encodes a blank as a plus, and keeps the asterisk.
    let form: String = byte_serialize(name.as_bytes()).collect();
    form.replace('+', "%20").replace('*', "%2A")
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn keeps_an_ascii_name() {
        assert_eq!(
            disposition("report 7.mp4"),
            "inline; filename=\"report 7.mp4\"; filename*=UTF-8''report%207.mp4"
        );
    }

    #[test]
    fn escapes_line_ends_and_quotes() {
        let header = disposition("a\"\r\nSet-Cookie: x=1;.mp4");
        assert!(!header.contains(['\r', '\n']));
        assert_eq!(header.matches('"').count(), 2);
        assert!(header.is_ascii());
    }

    #[test]
    fn keeps_cyrillic_in_the_extended_parameter() {
        assert!(disposition("отчёт.mp4").ends_with("%D0%BE%D1%82%D1%87%D1%91%D1%82.mp4"));
        assert!(disposition("отчёт.mp4").contains("filename=\"_____.mp4\""));
    }

    #[test]
    fn drops_folders_and_bidirectional_overrides() {
        let header = disposition("..\\..//etc/\u{202e}4pm.exe");
        assert!(header.contains("filename=\"4pm.exe\""), "{header}");
        assert!(disposition("///").contains("video.mp4"));
    }
}
