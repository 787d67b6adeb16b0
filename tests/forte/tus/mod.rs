//! tus 1.0 on `/uploads`.

mod append;
mod bad_input;
mod checksums;
mod creation;
mod error_texts;
mod limits;
mod lost_answers;
mod open_uploads;
mod protocol;
mod status;
mod termination;
