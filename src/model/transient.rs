//! Errors of which a caller must know whether a later attempt may succeed.

/// An error of the database or the store, for modules that may not name its type.
pub trait MaybeTransient: std::error::Error {
    /// Whether a later attempt may succeed.
    fn is_transient(&self) -> bool;
}
