//! What every subject shares: servers, clients, clips, clocks, faults.

pub(crate) mod account;
pub(crate) mod answers;
pub(crate) mod bad_s3;
pub(crate) mod bodies;
pub(crate) mod boxes;
pub(crate) mod clips;
pub(crate) mod db;
pub(crate) mod fcm;
pub(crate) mod ffmpeg;
pub(crate) mod fleet;
pub(crate) mod form;
pub(crate) mod house;
pub(crate) mod log;
pub(crate) mod mp4;
pub(crate) mod outside;
pub(crate) mod phone;
pub(crate) mod preflight;
pub(crate) mod process;
pub(crate) mod receiver;
pub(crate) mod s3;
pub(crate) mod scripted_tus;
pub(crate) mod service;
pub(crate) mod smtp;
pub(crate) mod tus;
