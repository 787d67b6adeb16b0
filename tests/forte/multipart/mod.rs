//! The documented form, `POST /reports/upload` (E9).

mod bad_input;
mod interrupted;
mod fields;
mod limits;
mod reports;
