//! Accounts with a password: reviewers and 1C.

mod attempts;
mod manage;
mod passwords;
mod sign_in;
mod totp;

pub use crate::database::AccountKind;
pub use manage::{AccountError, AccountSpec, OldPassword, TotpSetup};
pub use passwords::HashError;
pub(super) use sign_in::{ADDRESS_KNOWN_FOR, allows};
pub use sign_in::{
    AccountConfig, AccountSignInError, Accounts, Credentials, Reviewer, SignedInAccount,
};
