//! The HTTP client of everybody who is told.

use jiff::SignedDuration;
use reqwest::{Client, redirect};

use super::guard::Guard;

/// How we introduce ourselves.
const USER_AGENT: &str = concat!("forte-media/", env!("CARGO_PKG_VERSION"));

/// No redirects: where they lead has not been checked. No proxy from the environment: it would
/// resolve the name itself.
pub(super) fn client(guard: Guard, timeout: SignedDuration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(guard)
        .timeout(timeout.unsigned_abs())
        .build()
}
