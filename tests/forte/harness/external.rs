//! Servers and programs that tests need and that may be missing.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

/// With the value `all`, a missing server or program fails the test instead of skipping it.
const REQUIRE: &str = "FORTE_TEST_REQUIRE";

/// What has been reported as missing.
static REPORTED: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

/// The value of an environment variable; `None` if it is empty or missing.
#[expect(clippy::disallowed_methods, reason = "the environment of tests names their servers")]
pub(crate) fn env_var(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

/// As [`env_var`], but a missing variable is reported, or fails the test. `tests` says what is skipped.
pub(crate) fn env_var_or_skip(variable: &'static str, tests: &str) -> Option<String> {
    let value = env_var(variable);
    if value.is_none() {
        report_missing(variable, "is not set", tests);
    }
    value
}

/// Whether a program can be run. A missing one is reported, or fails the test.
pub(crate) fn is_installed(program: &'static str, tests: &str) -> bool {
    let is_installed = std::process::Command::new(program).arg("--version").output().is_ok();
    if !is_installed {
        report_missing(program, "is not installed", tests);
    }
    is_installed
}

pub(crate) fn report_missing(name: &'static str, problem: &str, tests: &str) {
    assert!(env_var(REQUIRE).as_deref() != Some("all"), "{name} {problem}: {tests}");
    if REPORTED.lock().unwrap_or_else(PoisonError::into_inner).insert(name) {
        // The test runner captures eprintln!.
        let mut stderr = std::io::stderr();
        writeln!(stderr, "skipped, because {name} {problem}: {tests}").unwrap();
    }
}
