//! Accounts with a password: reviewers and 1C.

mod manage;
mod passwords;
mod sign_in;

pub use crate::database::AccountKind;
pub use manage::{AccountError, AccountSpec, OldPassword};
pub use passwords::HashError;
pub use sign_in::{
    AccountConfig, AccountSignInError, Accounts, Credentials, Reviewer, SignedInAccount,
};
