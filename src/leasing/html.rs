//! A letter's two forms: plain text, and HTML that says the same. Nothing is fetched from anywhere.

use super::words::Lines;

/// The lines with a gap between them.
pub(super) fn as_text(lines: &Lines) -> String {
    let code = (!lines.code.is_empty()).then_some(&lines.code);
    let all = lines.before.iter().chain(code).chain(&lines.after);
    all.map(|line| format!("{line}\n")).collect::<Vec<_>>().join("\n")
}

/// The same as a page.
pub(super) fn page(lines: &Lines) -> String {
    let paragraph = |line: &String| format!("<p>{}</p>\n", escaped(line));
    let before: String = lines.before.iter().map(paragraph).collect();
    let after: String = lines.after.iter().map(paragraph).collect();
    let code = if lines.code.is_empty() {
        String::new()
    } else {
        let style = "font-size:28px;letter-spacing:6px;font-weight:bold";
        format!("<p style=\"{style}\">{}</p>\n", escaped(&lines.code))
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"ru\">\n<head><meta charset=\"utf-8\"></head>\n\
         <body style=\"font-family:sans-serif;font-size:16px\">\n{before}{code}{after}</body>\n</html>\n"
    )
}

/// Text that is nothing but text in HTML.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(sign),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_writes_stays_text() {
        let lines = Lines {
            before: vec!["<script>alert('x')</script> & \"y\"".to_owned()],
            code: "0042".to_owned(),
            after: Vec::new(),
        };
        let page = page(&lines);
        assert!(
            page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;")
        );
        assert!(!page.contains("<script"));
        assert_eq!(as_text(&lines), "<script>alert('x')</script> & \"y\"\n\n0042\n");
    }
}
