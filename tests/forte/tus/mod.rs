//! The tus 1.0 door, as a phone sees it. The numbers are those of the protocol's list (T-1…T-73).

mod bad_input;
mod checksums;
mod creation;
mod termination;
mod limits;
mod append;
mod protocol;
mod status;
mod error_texts;
