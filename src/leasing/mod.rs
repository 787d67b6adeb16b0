//! Companies, people, tokens, vehicles, reports.

mod caller;
mod codes;
mod config;
mod decisions;
mod derive;
mod html;
mod letters;
mod limits;
pub mod lists;
mod mailbox;
mod reminders;
mod sessions;
mod sign_in;
mod tokens;
mod words;

pub use crate::ledger::Standing;
pub use caller::{Caller, CallerError, Leasing};
pub use config::{Auth, Config, EmployeesSee};
pub use decisions::{DecisionError, ReasonError, Verdict, reason_for};
pub use derive::derive;
pub use letters::{LetterError, Letters};
pub use limits::Limits;
pub use lists::Lists;
pub use sessions::Renewal;
pub use sign_in::{Asking, Login, SignInError, SignedIn};
pub use tokens::{Bearer, Claims, Kind, Lineage, MintError, TokenError, TokenPair, Tokens};
