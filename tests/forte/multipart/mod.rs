//! `POST /reports/upload`, the form of the owner's document (E9).

mod bad_input;
mod fields;
mod interrupted;
mod limits;
mod reports;
mod spellings;
