//! The documented form, `POST /reports/upload` (E9).

mod bad_input;
mod broken;
mod fields;
mod limits;
mod reports;
