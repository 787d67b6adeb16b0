//! The settings of mail.

use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

/// The `[mail]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// The mail server. Not set: letters are written to `folder`.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// With which name we sign in, if we do.
    pub user: Option<String>,
    /// With which password.
    pub password: Option<SecretString>,
    /// Certificates to trust beside the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Who writes: a mail address, with a name before it if you like.
    pub from: String,
    /// The longest one letter takes, from connecting to the server's word that it has it.
    pub timeout: SignedDuration,
    /// Connections kept open.
    pub pool: u32,
    /// Where letters are written when there is no server.
    pub folder: PathBuf,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// It begins in the clear and must turn to TLS before anything is said (port 587).
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// Not at all: for a server on this machine only.
    None,
}
