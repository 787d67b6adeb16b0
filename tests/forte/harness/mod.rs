//! What tests are made with.

pub(crate) mod db;
pub(crate) mod house;
pub(crate) mod outside;
pub(crate) mod receiver;
