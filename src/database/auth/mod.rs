//! Sign-in: accounts, one-time codes, sessions, refresh tokens, people.

mod accounts;
mod challenges;
mod employees;
mod mailboxes;
mod people;
mod redeem_code;
mod refresh_tokens;
mod request_code;
mod retention;
pub(super) mod sessions;

pub use accounts::{AccountKind, AccountOwner, AccountRow, NewAccount, PasswordRotation};
pub use challenges::{ChallengeRow, LatestChallenge};
pub use employees::{DeletionOutcome, ListedEmployee, ProfileRow};
pub use mailboxes::Mailbox;
pub use redeem_code::RedeemedCode;
pub use refresh_tokens::{RefreshOutcome, Successor, TokenRefresh};
pub use request_code::{
    CodeRequestOutcome, CountingWindows, DeviceRequests, LimitDecision, NewChallenge,
    RecentRequests,
};
pub use sessions::{EndReason, NewSession, SessionRow};
