//! The one place where time comes from.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// A source of "now". Cheap to clone; everything that needs the time is given one.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// The clock of the machine.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `start` until its [`ManualClock`] is moved.
    #[must_use]
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let hand = Arc::new(Mutex::new(start));
        (Self(Source::Manual(Arc::clone(&hand))), ManualClock(hand))
    }

    /// The present moment, cut to whole microseconds: what the database can hold.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let exact = match &self.0 {
            Source::System => system_now(),
            Source::Manual(hand) => *hand.lock().unwrap_or_else(PoisonError::into_inner),
        };
        Timestamp::from_microsecond(exact.as_microsecond()).unwrap_or(exact)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock everybody else has to ask")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

/// The hand of a manual clock: tests move it.
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// Moves the clock forward (or back, with a negative step).
    pub fn advance(&self, step: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += step;
    }

    /// Sets the clock.
    pub fn set(&self, to: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }
}
