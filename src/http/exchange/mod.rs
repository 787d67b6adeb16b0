//! What 1C calls (E12): its accounts, submissions out.

mod account;

pub(super) use account::ExchangeAccount;
