//! Places where a test may make the world fail.

use std::fmt;
use std::sync::Arc;

type Script = Arc<dyn Fn(&'static str) -> bool + Send + Sync>;

/// A script of failures, asked at named places. In production it is empty and costs a null check.
#[derive(Clone, Default)]
pub struct Faults(Option<Script>);

/// A scripted failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("scripted failure at {0}")]
pub struct FaultError(pub &'static str);

impl Faults {
    /// Nothing ever fails.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// `fails(place)` is asked each time a place is passed; `true` makes it fail.
    pub fn scripted(fails: impl Fn(&'static str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(fails)))
    }

    /// Passes the named place.
    ///
    /// # Errors
    /// When the script says so.
    pub fn pass(&self, place: &'static str) -> Result<(), FaultError> {
        match &self.0 {
            Some(fails) if fails(place) => Err(FaultError(place)),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_some() { "Faults(scripted)" } else { "Faults(none)" })
    }
}
