//! Pictures of vehicle types, and QR codes of vehicles.

mod qr;
mod reencode;
mod service;

pub use reencode::ImageError;
pub(super) use service::placeholder_base64;
pub use service::{Picture, PictureError, Pictures, QrFormat};
