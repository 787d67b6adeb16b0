//! Companies, people, tokens, vehicles, reports.

mod caller;
mod codes;
mod config;
mod derive;
mod tokens;

pub use caller::{CallerError, Leasing};
pub use config::{Auth, Config};
pub use derive::derive;
pub use tokens::{Bearer, Claims, Kind, MintError, TokenError, TokenPair, Tokens};
