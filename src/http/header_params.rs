//! Header values with parameters: `Content-Type` and `Content-Disposition`.

/// A value with parameters, such as `form-data; name="file"`. White space around `;` and `=` is
/// accepted, because some clients write it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ParameterizedValue {
    /// In lower case.
    pub(super) value: String,
    /// The names in lower case.
    parameters: Vec<(String, String)>,
}

impl ParameterizedValue {
    /// `None` if a quoted text has no end.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (value, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let value = value.trim().to_ascii_lowercase();
        let mut parameters = Vec::new();
        while !rest.is_empty() {
            let end = rest.find(['=', ';']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let Some(after) = after.strip_prefix('=') else {
                rest = after.strip_prefix(';').unwrap_or(after);
                continue;
            };
            let (value, after) = parameter_value(after.trim_start())?;
            parameters.push((name.trim().to_ascii_lowercase(), value));
            rest = after.split_once(';').map_or("", |(_, rest)| rest);
        }
        Some(Self { value, parameters })
    }

    /// The first parameter with this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(parameter, _)| parameter == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The value at the start of `text`, and what follows it.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find(';').unwrap_or(text.len()));
        return Some((value.trim_end().to_owned(), rest));
    };
    let is_end = |(at, _): &(usize, &str)| !quoted[..*at].ends_with('\\');
    let (end, _) = quoted.match_indices('"').find(is_end)?;
    // Other escapes are kept: a backslash in a file name usually separates folders.
    Some((quoted[..end].replace("\\\"", "\""), &quoted[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boundary(text: &str) -> Option<String> {
        let parsed = ParameterizedValue::parse(text)?;
        assert_eq!(parsed.value, "multipart/form-data");
        parsed.get("boundary").map(str::to_owned)
    }

    #[test]
    fn every_legal_spelling_of_a_boundary_is_read() {
        for text in [
            "multipart/form-data; boundary=ab",
            "multipart/form-data ; boundary=ab",
            "multipart/form-data;boundary=\"ab\"",
            "Multipart/Form-Data; Boundary=ab",
            "multipart/form-data; charset=utf-8; BOUNDARY=ab ",
            "multipart/form-data;\tboundary = \"ab\" ; charset=\"x;y\"",
            "multipart/form-data; ; flag; boundary=ab; boundary=cd",
        ] {
            assert_eq!(boundary(text).as_deref(), Some("ab"), "{text}");
        }
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary("multipart/form-data; boundary=\"ab"), None);
    }

    #[test]
    fn escaped_quotes_are_part_of_a_name_and_backslashes_are_kept() {
        let text = "form-data; filename=\"C:\\x\\\"y\\\".mp4\"; name=file";
        let parsed = ParameterizedValue::parse(text).unwrap();
        assert_eq!(parsed.get("filename"), Some("C:\\x\"y\".mp4"));
        assert_eq!(parsed.get("name"), Some("file"));
    }
}
