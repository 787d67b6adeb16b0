//! The service account: the JSON file that Google gives for a project.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use jsonwebtoken::EncodingKey;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// More than any such file has; keeps a wrong path from being read without end.
const LONGEST: u64 = 64 * 1024;

/// The service account cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The file cannot be read.
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
    /// It is no service account. What it holds is not repeated.
    #[error("it is not the JSON of a service account")]
    Shape,
    /// Its key is no RSA key.
    #[error("its private_key is not an RSA key in PEM")]
    Key,
    /// Its project could change the address we send to.
    #[error("its project_id is not one")]
    Project,
}

#[derive(Deserialize)]
struct Written {
    project_id: String,
    private_key_id: String,
    private_key: SecretString,
    client_email: String,
    token_uri: String,
}

/// Who we are to Google.
pub(super) struct Account {
    pub(super) project_id: String,
    pub(super) key_id: String,
    pub(super) key: EncodingKey,
    pub(super) email: String,
    pub(super) token_uri: String,
}

impl Account {
    pub(super) fn read(path: &Path) -> Result<Self, AccountError> {
        let mut text = String::new();
        let file = File::open(path).map_err(AccountError::Unreadable)?;
        file.take(LONGEST).read_to_string(&mut text).map_err(AccountError::Unreadable)?;
        let written: Written = serde_json::from_str(&text).map_err(|_| AccountError::Shape)?;
        let key = EncodingKey::from_rsa_pem(written.private_key.expose_secret().as_bytes());
        let plain = |sign: char| sign.is_ascii_alphanumeric() || "-:.".contains(sign);
        if written.project_id.is_empty() || !written.project_id.chars().all(plain) {
            return Err(AccountError::Project);
        }
        Ok(Self {
            project_id: written.project_id,
            key_id: written.private_key_id,
            key: key.map_err(|_| AccountError::Key)?,
            email: written.client_email,
            token_uri: written.token_uri,
        })
    }
}
