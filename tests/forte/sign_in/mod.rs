//! Sign-in (E1–E3) and sign-out.

mod bodies;
mod code_requests;
mod codes;
mod devices;
mod guesses;
mod limits;
mod mails;
mod people;
mod rate_limits;
mod refresh;
mod retention;
