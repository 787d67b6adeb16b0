//! Settings of mail.

use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

use crate::model::setting_words;

/// The `[mail]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// The mail server. Absent: mails are written to `folder`.
    pub host: Option<String>,
    pub port: u16,
    pub tls: MailTls,
    /// The name in EHLO. Absent: our address on the connection.
    pub hello_name: Option<String>,
    pub user: Option<String>,
    pub password: Option<SecretString>,
    /// Additional root certificates, in PEM.
    pub ca_file: Option<PathBuf>,
    /// A mail address, optionally with a display name.
    pub from: String,
    /// For one mail, from connecting to the server's acknowledgement.
    pub timeout: SignedDuration,
    /// Connections kept open.
    pub pool: u32,
    /// Used when there is no server.
    pub folder: PathBuf,
}

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// Must switch to TLS before authentication (port 587).
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// Only for a server on this machine.
    None,
}

setting_words!(MailTls { Starttls = "starttls", Tls = "tls", None = "none" });
