//! What happens when a response could not be sent.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::Extensions;

type Callback = Box<dyn FnOnce() + Send>;

/// An extension of a response. It is called if the connection ends before a byte of the response was
/// written.
#[derive(Clone)]
pub struct WhenUnsent(Arc<Mutex<Option<Callback>>>);

impl WhenUnsent {
    pub fn new(callback: impl FnOnce() + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(callback)))))
    }

    fn take(&self) -> Option<Callback> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The response of a connection that waits to be written. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct PendingResponse(Arc<Mutex<Option<WhenUnsent>>>);

impl PendingResponse {
    /// Called before a response is written, when the previous one has been written: remembers its callback.
    pub(super) fn expect(&self, response: &Extensions) {
        self.replace(response.get().cloned());
    }

    /// Called when bytes were written to the connection.
    pub(super) fn written(&self) {
        self.replace(None);
    }

    /// Called when the connection has ended.
    pub(super) fn ended(&self) {
        let unsent = self.replace(None);
        if let Some(callback) = unsent.and_then(|unsent| unsent.take()) {
            callback();
        }
    }

    fn replace(&self, next: Option<WhenUnsent>) -> Option<WhenUnsent> {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), next)
    }
}

impl fmt::Debug for PendingResponse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PendingResponse")
    }
}
