//! The owner's document: signing in, lists, employees, pictures.

pub(in crate::http) mod profile;
