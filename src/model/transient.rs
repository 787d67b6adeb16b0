//! Errors after which a retry may succeed.

/// An error that may be transient. The trait lets `http` handle database errors whose type it may not name.
pub trait MaybeTransient: std::error::Error {
    /// Whether a later attempt may succeed.
    fn is_transient(&self) -> bool;
}
