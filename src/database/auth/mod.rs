//! Sign-in: accounts, one-time codes, sessions, refresh tokens, people.

mod account_addresses;
mod accounts;
mod browsers;
mod challenges;
mod code_traffic;
mod confirmations;
mod employees;
pub(super) mod film_links;
mod guess;
mod mailboxes;
mod people;
mod preferences;
mod redeem_code;
mod refresh_tokens;
mod request_code;
mod retention;
pub(super) mod sessions;

pub use accounts::{AccountKind, AccountOwner, AccountRow, NewAccount, PasswordRotation};
pub use browsers::{BrowserRow, BrowserSessionRow};
pub use challenges::{ChallengeRow, LatestChallenge};
pub use code_traffic::{Count, CountingWindows, DayOfRequests, RecentRequests};
pub use confirmations::WaitingDevice;
pub use employees::{DeletionOutcome, ListedEmployee, ProfileRow};
pub use film_links::{FilmLinkRow, FilmSessionRow, IssueOutcome, NewFilmLink};
pub use guess::{Guess, GuessDecision, GuessOutcome, GuessTraffic};
pub use mailboxes::{Mailbox, RefusedMailbox};
pub use people::ActiveCaller;
pub use preferences::PreferenceChange;
pub use redeem_code::RedeemedCode;
pub use refresh_tokens::{RefreshOutcome, Successor, TokenRefresh};
pub use request_code::{CodeRequestOutcome, LimitDecision, NewChallenge};
pub use sessions::{BrowserCookie, EndReason, NewSession, SessionCredential, SessionRow};
