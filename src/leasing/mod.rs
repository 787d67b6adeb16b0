//! Companies, people, tokens, vehicles, reports.

mod accounts;
mod address;
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
mod pictures;
mod reminders;
mod reviewing;
mod sessions;
mod sign_in;
mod tokens;
mod words;

pub use crate::database::{EmployeesSee, ReportState};
pub use caller::{Caller, CallerError, Leasing};
pub use config::{Auth, Config};

pub use accounts::{
    AccountError, AccountKind, AccountRules, Accounts, Attempt, EnterError, Entered, HashError,
    NewLogin, OldPassword, Reviewer,
};
pub use decisions::{DecisionError, ReasonError, Verdict, reason_for};
pub use derive::derive;
pub use letters::{LetterError, Letters};
pub use limits::Limits;
pub use lists::Lists;
pub use pictures::{CodeFormat, DrawingError, Picture, PictureError, Pictures};
pub use reviewing::Desk;
pub use sessions::{KeepMessages, Renewal};
pub use sign_in::{Asking, Login, SignInError, SignedIn};
pub use tokens::{Bearer, Claims, Kind, Lineage, MintError, TokenError, TokenPair, Tokens};
