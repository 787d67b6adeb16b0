//! Secrets: masked in every output, and readable from files of their own (S65, S67).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use url::Url;

use crate::model::text_of;

/// The last words of the keys of secrets.
const SECRET_WORDS: [&str; 2] = ["secret", "password"];

/// A URL that may contain a password. It can come from a file as well.
const SECRET_URL: &str = "database.url";

/// Suffix of the key that names the file of a secret.
const FILE: &str = "_file";

/// Limit for reading the file, in bytes, in case the path is wrong.
const MAX_LENGTH: u64 = 64 * 1024;

fn is_secret(key: &str) -> bool {
    SECRET_WORDS.contains(&last_word(key))
}

/// Parts of the values in examples, without their punctuation.
const SAMPLES: [&str; 5] = ["changeme", "replaceme", "placeholder", "yoursecret", "yourpassword"];

/// The secret that signs tokens has at least so many different characters; a random one has twice as many.
const MIN_VARIETY: usize = 10;

/// Whether a secret is the value of an example, or a text without variety.
pub(super) fn is_sample(key: &str, value: &str) -> bool {
    if value.is_empty() || !(is_secret(key) || key == SECRET_URL) {
        return false;
    }
    let letters: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    let variety = value.chars().collect::<BTreeSet<_>>().len();
    SAMPLES.iter().any(|sample| letters.contains(sample))
        || key == "auth.secret" && variety < MIN_VARIETY
}

/// The key without its section.
pub(super) fn last_word(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// The secret whose file this key names, such as `auth.secret` for `auth.secret_file`.
pub(super) fn secret_of_file_key(key: &str) -> Option<&str> {
    key.strip_suffix(FILE).filter(|secret| is_secret(secret) || *secret == SECRET_URL)
}

/// Reads a secret without the line end that editors and `echo` append.
pub(super) fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_LENGTH + 1).read_to_end(&mut bytes)?;
    let text = text_of(&bytes)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(io::Error::other("the file is empty"));
    }
    if text.len() as u64 > MAX_LENGTH {
        return Err(io::Error::other("the file is longer than 64 KiB"));
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
        masked_url(value)
    }
}

/// Masks the password and the query of a URL: both may be credentials.
fn masked_url(value: &str) -> String {
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
