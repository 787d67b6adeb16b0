//! Which attempts to sign in by password may be checked.
//!
//! Wrong passwords are counted for the address, for the account, and for the pair of both. A stranger must not be
//! able to lock out the account's owner, so a known address, which has signed in to the account before, is limited
//! by its pair only. `CHECKED_WHILE_LOCKED` passwords per minute are still checked in two cases: the pair of a
//! known address is locked, because a stranger may share the address; or the account is locked, and a new address
//! has had no wrong password for it. Then a wrong password is answered like one that was not checked.
//!
//! Codes of authenticator apps have a limit of their own, because these minutes would let somebody who knows the
//! password guess one within days. It is counted for the account, and for a known address by its pair: whoever
//! knows the password elsewhere cannot lock out the owner.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::database::AccountKind;
use crate::model::{RateLimiter, address_key};

/// The window in which failures are counted.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// Passwords that are checked per minute while an account is locked: for a known address, and for all new
/// ones.
const CHECKED_WHILE_LOCKED: usize = 60;

/// Wrong codes of an authenticator app in `CODES_WINDOW`. Three codes of a million are valid at a time, so a guesser
/// succeeds with a chance of 0.15 % a day.
const WRONG_CODES: usize = 20;
const CODES_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// In characters.
pub(super) const LONGEST_LOGIN: usize = 64;

pub(super) struct Attempts {
    failures: RateLimiter,
    /// By account, or by known address and account.
    while_locked: RateLimiter,
    /// By account, or by known address and account.
    wrong_codes: RateLimiter,
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
    /// The account is locked for everybody else, for some time.
    WhileLocked {
        wait: SignedDuration,
    },
}

impl Allowed {
    pub(super) const fn is_usual(self) -> bool {
        matches!(self, Self::Usual)
    }
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

    /// The key by which wrong codes are counted.
    fn of_codes(&self) -> &str {
        match &self.account {
            Some(account) if !self.is_known => account,
            _ => &self.pair,
        }
    }
}

impl Attempts {
    pub(super) fn new(failures_per_minute: usize) -> Self {
        Self {
            failures: RateLimiter::new(failures_per_minute, WINDOW),
            while_locked: RateLimiter::new(CHECKED_WHILE_LOCKED, WINDOW),
            wrong_codes: RateLimiter::new(WRONG_CODES, CODES_WINDOW),
        }
    }

    /// Fails with the time after which the next attempt may be checked.
    pub(super) fn check(
        &self,
        keys: &AttemptKeys,
        now: Timestamp,
    ) -> Result<Allowed, SignedDuration> {
        if let Some(wait) = self.failures.retry_after(&keys.pair, now) {
            // Perhaps a stranger shares a known address.
            if keys.is_known {
                return self.check_while_locked(&keys.pair, wait, now);
            }
            return Err(wait);
        }
        if keys.is_known {
            return Ok(Allowed::Usual);
        }
        let locked_for = |key: &str| self.failures.retry_after(key, now);
        if let Some(wait) = keys.address.as_deref().and_then(locked_for) {
            return Err(wait);
        }
        let Some(account) = &keys.account else { return Ok(Allowed::Usual) };
        let Some(wait) = locked_for(account) else { return Ok(Allowed::Usual) };
        if self.failures.is_recent(&keys.pair, now) {
            return Err(wait);
        }
        self.check_while_locked(account, wait, now)
    }

    /// `wait` is how long the key is locked.
    fn check_while_locked(
        &self,
        key: &str,
        wait: SignedDuration,
        now: Timestamp,
    ) -> Result<Allowed, SignedDuration> {
        let is_spent = self.while_locked.retry_after(key, now).is_some();
        if is_spent { Err(wait) } else { Ok(Allowed::WhileLocked { wait }) }
    }

    /// Fails with the time after which the next code may be checked.
    pub(super) fn check_code(
        &self,
        keys: &AttemptKeys,
        now: Timestamp,
    ) -> Result<(), SignedDuration> {
        self.wrong_codes.retry_after(keys.of_codes(), now).map_or(Ok(()), Err)
    }

    pub(super) fn count_wrong_code(&self, keys: &AttemptKeys, now: Timestamp) {
        self.wrong_codes.record(keys.of_codes(), now);
    }

    pub(super) fn count_failure(&self, keys: &AttemptKeys, allowed: Allowed, now: Timestamp) {
        let account = keys.account.as_ref();
        let locked = if keys.is_known { Some(&keys.pair) } else { account };
        if let Allowed::WhileLocked { .. } = allowed
            && let Some(locked) = locked
        {
            self.while_locked.record(locked, now);
        }
        let account = account.filter(|_| !keys.is_known);
        for key in [Some(&keys.pair), keys.address.as_ref(), account].into_iter().flatten() {
            self.failures.record(key, now);
        }
    }
}
