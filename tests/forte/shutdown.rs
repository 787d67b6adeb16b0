//! Ending: softly, then hard.

use std::process::Command;

use forte_media::shutdown::{Drained, Shutdown};
use jiff::SignedDuration;

const LONG: SignedDuration = SignedDuration::from_mins(10);

#[tokio::test]
async fn tasks_are_told_softly_and_waited_for() {
    let shutdown = Shutdown::new();
    let soft = shutdown.soft().clone();
    let task = shutdown.spawn(async move { soft.cancelled().await });
    assert_eq!(shutdown.drain(LONG).await, Drained::Clean);
    assert!(task.is_finished());
    assert!(!shutdown.hard().is_cancelled());
}

#[tokio::test]
async fn what_outlasts_the_grace_is_cut() {
    let shutdown = Shutdown::new();
    let hard = shutdown.hard().clone();
    let task = shutdown.spawn(async move { hard.cancelled().await });
    assert_eq!(shutdown.drain(SignedDuration::from_millis(1)).await, Drained::Cut);
    assert!(task.is_finished());
}

#[tokio::test]
async fn asking_again_does_not_wait_for_the_grace() {
    let shutdown = Shutdown::new();
    let hard = shutdown.hard().clone();
    shutdown.spawn(async move { hard.cancelled().await });
    shutdown.ask();
    assert!(!shutdown.hard().is_cancelled());
    shutdown.ask();
    assert_eq!(shutdown.drain(LONG).await, Drained::Cut);
}

#[tokio::test]
async fn the_first_signal_ends_softly_and_the_second_hard() {
    let shutdown = Shutdown::new();
    shutdown.listen().unwrap();
    signal_ourselves("TERM");
    shutdown.soft().cancelled().await;
    signal_ourselves("INT");
    shutdown.hard().cancelled().await;
}

/// Harmless once somebody listens: the signal then no longer ends the process.
fn signal_ourselves(name: &str) {
    let us = std::process::id().to_string();
    assert!(Command::new("kill").args(["-s", name, &us]).status().unwrap().success());
}
