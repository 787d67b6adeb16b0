//! Browser sessions, authenticated by a cookie.

mod browser;
mod codes;
mod cookies;
mod sessions;

pub(crate) use browser::{LOGIN, add_reviewer};
