//! Fault injection for tests.

use std::sync::Arc;

type Script = Arc<dyn Fn(&'static str) -> bool + Send + Sync>;

/// A script of failures at named places. Empty in production, where it costs a null check.
#[derive(Clone, Default)]
pub struct Faults(Option<Script>);

/// A scripted failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("scripted failure at {0}")]
pub struct FaultError(pub &'static str);

impl Faults {
    pub const fn none() -> Self {
        Self(None)
    }

    /// Calls `fails(place)` each time a place is passed; `true` makes it fail.
    pub fn scripted(fails: impl Fn(&'static str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(fails)))
    }

    /// Fails if the script says so.
    pub fn pass(&self, place: &'static str) -> Result<(), FaultError> {
        match &self.0 {
            Some(fails) if fails(place) => Err(FaultError(place)),
            _ => Ok(()),
        }
    }
}
