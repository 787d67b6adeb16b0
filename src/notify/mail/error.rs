//! Errors of mail, apart from those of an attempt.

use std::io;

use lettre::transport::smtp;

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("mail.from must be an address, such as \"ForteLeasing <no-reply@example.kz>\"")]
    From,
    #[error("mail.user and mail.password must be set together")]
    Credentials,
    #[error("mail.ca_file cannot be read")]
    CaFile(#[source] io::Error),
    #[error("mail: TLS cannot be set up with these certificates")]
    Tls(#[source] smtp::Error),
    #[error("the mail server returned an error")]
    Server(#[source] smtp::Error),
    #[error("the mail server does not respond")]
    Timeout,
    #[error("mail.folder cannot be written to")]
    Folder(#[source] io::Error),
}
