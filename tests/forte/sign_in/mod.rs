//! Sign-in (E1–E3) and sign-out.

mod bodies;
mod code_requests;
mod codes;
mod devices;
mod guesses;
mod letters;
mod limits;
mod people;
mod rate_limits;
mod refresh;
mod retention;
