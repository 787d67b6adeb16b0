//! `Upload-Metadata` (T-32): `key SP base64(value)`, comma between, keys unique.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::details::UploadFields;
use crate::http::problem::Problem;

/// Reads the field. Nothing is dropped in silence: what cannot be read is an error that names the
/// key.
pub(super) fn parse(field: &str) -> Result<UploadFields, Problem> {
    let mut named = UploadFields::default();
    if field.trim().is_empty() {
        return Ok(named);
    }
    for pair in field.split(',') {
        let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        if key.is_empty() {
            return Err(Problem::unreadable("Upload-Metadata: there is an empty key"));
        }
        if !named.add(key, decoded(key, value)?) {
            return Err(Problem::unreadable(format!("Upload-Metadata: {key} is there twice")));
        }
    }
    Ok(named)
}

fn decoded(key: &str, value: &str) -> Result<String, Problem> {
    let bytes = STANDARD.decode(value.trim()).map_err(|_| {
        Problem::unreadable(format!("Upload-Metadata: the value of {key} is not base64"))
    })?;
    String::from_utf8(bytes).map_err(|_| {
        Problem::unreadable(format!("Upload-Metadata: the value of {key} is not UTF-8"))
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_value_may_be_missing_with_or_without_its_blank() {
        let named = parse("filename YS5tcDQ=,empty ,alone").unwrap();
        assert_eq!(named.get("filename"), Some("a.mp4"));
        assert_eq!(named.get("empty"), Some(""));
        assert_eq!(named.get("alone"), Some(""));
    }

    #[test]
    fn what_cannot_be_read_is_not_dropped_in_silence() {
        for broken in ["a !!!!", "a YQ==,a YQ==", ",", "a YQ==,", " YQ==,b YQ==,", "a /w=="] {
            assert!(parse(broken).is_err(), "{broken:?} was taken");
        }
    }
}
