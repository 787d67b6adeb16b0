//! Push notifications by FCM's HTTP v1 interface.

mod body;
mod client;
mod oauth;
mod response;

pub use client::{Fcm, FcmError};
pub use oauth::{SendError, ServiceAccountError};
