//! What must not be seen, and secrets that live in files of their own (S65, S67).

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use url::Url;

/// The last words of keys that hold a secret.
const SECRET_WORDS: [&str; 2] = ["secret", "password"];

/// An address that may carry a password: it is shown without, and can come from a file as well.
const SECRET_URL: &str = "database.url";

/// Ending of the key that names a secret's file.
const FILE: &str = "_file";

/// More than any key or token needs; keeps a wrong path from being read without end.
const LONGEST: u64 = 64 * 1024;

/// Whether nothing of the value may be shown.
pub(super) fn is_secret(key: &str) -> bool {
    let word = key.rsplit('.').next().unwrap_or(key);
    SECRET_WORDS.contains(&word)
}

/// Whether the value may also be given as a file.
pub(super) fn may_be_file(key: &str) -> bool {
    is_secret(key) || key == SECRET_URL
}

/// The secret whose file this key names: `auth.secret_file` is about `auth.secret`.
pub(super) fn secret_of_file_key(key: &str) -> Option<&str> {
    key.strip_suffix(FILE).filter(|secret| may_be_file(secret))
}

/// The key that names the file of this secret.
pub(super) fn file_key(secret: &str) -> String {
    format!("{secret}{FILE}")
}

/// Reads a secret; the line end that editors and `echo` leave is not part of it.
pub(super) fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
    }
    if text.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than 64 KiB"));
    }
    Ok(secret.to_owned())
}

/// The value as it may be shown.
pub(super) fn masked(key: &str, value: &str) -> String {
    if value.is_empty() {
        "(not set)".to_owned()
    } else if is_secret(key) {
        "(secret)".to_owned()
    } else {
        masked_address(value)
    }
}

/// Addresses lose their password and query: both carry credentials.
fn masked_address(value: &str) -> String {
    match Url::parse(value) {
        Ok(mut url) if url.password().is_some() || url.query().is_some() => {
            let query = url.query().map(|_| "***");
            url.set_query(query);
            if url.password().is_some() && url.set_password(Some("***")).is_err() {
                return "(secret)".to_owned();
            }
            url.into()
        }
        Err(_) if value.contains('@') => "(secret)".to_owned(),
        _ => value.to_owned(),
    }
}
