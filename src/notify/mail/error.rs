//! Errors of mail, apart from those of an attempt.

use std::io;

use super::connection::SmtpError;
use super::tls::TlsError;

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("mail.from must be an address, such as \"ForteLeasing <no-reply@example.kz>\"")]
    From,
    #[error("mail.user and mail.password must be set together")]
    Credentials,
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the mail server refuses")]
    Server(#[source] SmtpError),
    #[error("the mail server does not respond")]
    Timeout,
    #[error("mail.folder cannot be written to")]
    Folder(#[source] io::Error),
}
