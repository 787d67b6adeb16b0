//! Graceful, then forced shutdown.

use std::process::Command;

use forte_media::shutdown::{Drained, Shutdown};
use jiff::SignedDuration;

const LONG: SignedDuration = SignedDuration::from_mins(10);

#[tokio::test]
async fn tasks_are_notified_and_awaited() {
    let shutdown = Shutdown::new();
    let soft = shutdown.soft().clone();
    let task = shutdown.spawn(async move { soft.cancelled().await });
    assert_eq!(shutdown.drain(LONG).await, Drained::Clean);
    assert!(task.is_finished());
    assert!(!shutdown.hard().is_cancelled());
}

#[tokio::test]
async fn tasks_that_outlast_the_grace_are_cancelled() {
    let shutdown = Shutdown::new();
    let hard = shutdown.hard().clone();
    let task = shutdown.spawn(async move { hard.cancelled().await });
    assert_eq!(shutdown.drain(SignedDuration::from_millis(1)).await, Drained::Aborted);
    assert!(task.is_finished());
}

#[tokio::test]
async fn a_second_request_skips_the_grace() {
    let shutdown = Shutdown::new();
    let hard = shutdown.hard().clone();
    shutdown.spawn(async move { hard.cancelled().await });
    shutdown.request();
    assert!(!shutdown.hard().is_cancelled());
    shutdown.request();
    assert_eq!(shutdown.drain(LONG).await, Drained::Aborted);
}

#[tokio::test]
async fn the_first_signal_is_graceful_and_the_second_forced() {
    let shutdown = Shutdown::new();
    shutdown.listen().unwrap();
    signal_own_process("TERM");
    shutdown.soft().cancelled().await;
    signal_own_process("INT");
    shutdown.hard().cancelled().await;
}

/// The process must listen already, otherwise the signal ends it.
fn signal_own_process(name: &str) {
    let pid = std::process::id().to_string();
    assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
}
