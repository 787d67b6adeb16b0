//! Pictures of vehicle types, and QR codes of vehicles.

mod cache;
mod qr;
mod reencode;
mod service;

pub use cache::Picture;
pub use qr::QrFormat;
pub use reencode::ImageError;
pub(super) use service::placeholder_base64;
pub use service::{PictureError, Pictures};
