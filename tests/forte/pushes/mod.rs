//! Push notifications.

mod fcm;
mod recipients;
mod scene;
