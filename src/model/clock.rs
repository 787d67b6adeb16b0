//! The source of the current time.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// The current time, or a time that a test sets. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<Mutex<Timestamp>>),
}

impl Clock {
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stays at `start` until its [`ManualClock`] moves it.
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let time = Arc::new(Mutex::new(start));
        (Self(Source::Manual(Arc::clone(&time))), ManualClock(time))
    }

    /// The current time in whole microseconds, the precision of the database.
    pub fn now(&self) -> Timestamp {
        let exact = match &self.0 {
            Source::System => system_now(),
            Source::Manual(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
        };
        Timestamp::from_microsecond(exact.as_microsecond()).unwrap_or(exact)
    }
}

#[expect(clippy::disallowed_methods, reason = "the only place that reads the system clock")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

/// Moves a manual clock, for tests.
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// Moves the clock forward, or back if `step` is negative.
    pub fn advance(&self, step: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += step;
    }

    pub fn set(&self, to: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }
}
