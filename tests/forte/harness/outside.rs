//! What some tests need from outside: servers that may not be there.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

/// Says which missing servers fail a test instead of leaving it out: `all`, or nothing.
const REQUIRE: &str = "FORTE_TEST_REQUIRE";

/// What has been said already: once is enough.
static SAID: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

/// The value of an environment variable, if it has one.
#[expect(clippy::disallowed_methods, reason = "tests are told by the environment what is there")]
pub(crate) fn given(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

/// As [`given`]; when it is not there, says aloud what cannot be tried, or fails if all must be.
pub(crate) fn wanted(variable: &'static str, what: &str) -> Option<String> {
    let value = given(variable);
    if value.is_none() {
        assert!(given(REQUIRE).as_deref() != Some("all"), "{variable} is not set: {what}");
        say_once(variable, what);
    }
    value
}

/// Whether a program that is no part of the test tools can be run; said aloud, or failed for, as
/// [`wanted`].
pub(crate) fn installed(program: &'static str, what: &str) -> bool {
    let there = std::process::Command::new(program).arg("--version").output().is_ok();
    if !there {
        assert!(given(REQUIRE).as_deref() != Some("all"), "{program} is not installed: {what}");
        say_once(program, what);
    }
    there
}

/// Past the capture of the test runner, so that a person sees it.
fn say_once(missing: &'static str, what: &str) {
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(missing) {
        // eprintln! would be captured.
        let mut out = std::io::stderr();
        writeln!(out, "not tried, as {missing} is not there: {what}").unwrap();
    }
}
