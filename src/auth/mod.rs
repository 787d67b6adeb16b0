//! Sign-in: one-time codes, tokens, sessions, accounts with a password, and the caller of a request.

mod accounts;
mod browsers;
mod codes;
mod config;
mod confirmations;
mod email_mask;
mod keys;
mod limits;
mod purge;
mod service;
mod sessions;
mod sign_in;
mod tokens;

pub use crate::database::{BrowserRow, PreferenceChange};
pub use accounts::{
    AccountConfig, AccountError, AccountKind, AccountSignInError, AccountSpec, Accounts,
    Credentials, HashError, OldPassword, Reviewer, SignedInAccount, TotpSetup,
};
pub use browsers::{
    BrowserError, BrowserInfo, BrowserSession, BrowserSessions, FilmLinkScope, FilmSessionError,
    PreferenceError, ReviewConfig, StatedDriver,
};
pub use config::Config;
pub use confirmations::{ConfirmationError, Confirmed};
pub use keys::{derive_key, totp_key};
pub use limits::Limits;
pub use service::{Auth, Caller, CallerError};
pub use sessions::RefreshRequest;
pub use sign_in::{CodeRequest, SignInError, SignInRequest, SignedIn};
pub use tokens::{
    Claims, MintError, RefreshToken, TokenError, TokenKind, TokenPair, TokenSubject, Tokens,
};
