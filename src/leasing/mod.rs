//! Companies, vehicles, reports: lists, decisions, reminders, pictures.

mod config;
mod decisions;
pub mod lists;
mod pictures;
mod reminders;
mod service;

pub use crate::database::{EmployeesSee, ReportState};
pub use config::{Config, time_zone_release};
pub use decisions::{DecisionError, DecisionRequest, ReasonError};
pub use lists::Lists;
pub use pictures::{ImageError, Picture, PictureError, Pictures, QrFormat};
pub use service::Leasing;
