//! Signing in (E1–E3), and signing out.

mod asking;
mod bodies;
mod codes;
mod devices;
mod floods;
mod forgetting;
mod limits;
mod people;
mod refreshing;
