//! Which attempts to sign in by password may be checked.
//!
//! Wrong passwords are counted for the address, for the account, and for the two together. A stranger must
//! not be able to keep the right one out, so only the last count applies to an address that has signed in
//! to the account before. When the account's count is used up, an address without a wrong password of its
//! own may still try, up to a limit for the account; there a wrong password gets the same answer as no
//! check at all.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::database::AccountKind;
use crate::model::{RateLimiter, address_key};

/// The window in which failures are counted.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// Passwords from new addresses that are checked per minute while an account is locked.
const CHECKED_WHILE_LOCKED: usize = 60;

/// In characters.
pub(super) const LONGEST_LOGIN: usize = 64;

pub(super) struct Attempts {
    failures: RateLimiter,
    /// By account.
    while_locked: RateLimiter,
}

/// The keys of one attempt.
#[derive(Debug, Clone)]
pub(super) struct AttemptKeys {
    /// `None` for loopback and trusted proxies.
    address: Option<String>,
    /// `None` for an address that the account does not allow, whose failures say nothing about it.
    account: Option<String>,
    /// The address and the account.
    pair: String,
    /// Whether the address has signed in to the account before.
    is_known: bool,
}

/// An attempt that may be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    Usual,
    /// The account is locked for everybody else.
    WhileLocked,
}

impl AttemptKeys {
    pub(super) fn new(
        (kind, login): (AccountKind, &str),
        (address, is_counted): (IpAddr, bool),
        is_allowed: bool,
        is_known: bool,
    ) -> Self {
        let address = address_key(address);
        let login: String = login.chars().take(LONGEST_LOGIN).collect();
        let account = format!("{} {login}", kind.as_str());
        // Contains a blank after the address, so it equals no other key.
        let pair = format!("{address} {account}");
        Self {
            address: is_counted.then_some(address),
            account: is_allowed.then_some(account),
            pair,
            is_known,
        }
    }
}

impl Attempts {
    pub(super) fn new(failures_per_minute: usize) -> Self {
        Self {
            failures: RateLimiter::new(failures_per_minute, WINDOW),
            while_locked: RateLimiter::new(CHECKED_WHILE_LOCKED, WINDOW),
        }
    }

    /// Fails with the time after which the next attempt may be checked.
    pub(super) fn check(
        &self,
        keys: &AttemptKeys,
        now: Timestamp,
    ) -> Result<Allowed, SignedDuration> {
        let wait = |key: &Option<String>| self.failures.retry_after(key.as_deref()?, now);
        if let Some(wait) = self.failures.retry_after(&keys.pair, now) {
            return Err(wait);
        }
        if keys.is_known {
            return Ok(Allowed::Usual);
        }
        if let Some(wait) = wait(&keys.address) {
            return Err(wait);
        }
        let Some(account) = &keys.account else { return Ok(Allowed::Usual) };
        let Some(wait) = self.failures.retry_after(account, now) else { return Ok(Allowed::Usual) };
        let is_spent = self.while_locked.retry_after(account, now).is_some();
        if is_spent || self.failures.is_recent(&keys.pair, now) {
            return Err(wait);
        }
        Ok(Allowed::WhileLocked)
    }

    pub(super) fn count_failure(&self, keys: &AttemptKeys, allowed: Allowed, now: Timestamp) {
        let account = keys.account.as_ref();
        if allowed == Allowed::WhileLocked
            && let Some(account) = account
        {
            self.while_locked.record(account, now);
        }
        let account = account.filter(|_| !keys.is_known);
        for key in [Some(&keys.pair), keys.address.as_ref(), account].into_iter().flatten() {
            self.failures.record(key, now);
        }
    }
}
