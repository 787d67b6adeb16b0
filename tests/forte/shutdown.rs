//! Ending: softly, then hard.

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
