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

pub use accounts::{AccountKind, AccountOwner, AccountRow, NewAccount, Rotation};
pub use challenges::{ChallengeRow, OpenChallenge};
pub use employees::{Deletion, ListedEmployee, ProfileRow};
pub use mailboxes::Mailbox;
pub use people::{NewCompany, NewPerson};
pub use redeem_code::LetIn;
pub use refresh_tokens::{Exchange, Exchanged, Successor};
pub use request_code::{Asked, NewChallenge, OfDevice, Traffic, Verdict, Windows};
pub use sessions::{Ended, NewSession, SessionRow};
