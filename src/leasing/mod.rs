//! Companies, vehicles, reports: lists, decisions, the review console, reminders, pictures.

mod config;
mod cursor;
mod decisions;
mod film;
mod film_links;
pub mod lists;
mod pictures;
mod reminders;
pub mod review;
mod service;

pub use crate::database::{EmployeesSee, ReportState};
pub use config::{Config, FilmLinkPeriod, time_zone_release};
pub use decisions::{DecisionError, DecisionRequest, ReasonError};
pub use film::FilmReport;
pub use film_links::{FilmLinkError, FilmLinkIssuer, FilmLinks, IssuedFilmLink};
pub use lists::Lists;
pub use pictures::{ImageError, Picture, PictureError, Pictures, QrFormat};
pub use review::{Review, ReviewConfig};
pub use service::Leasing;
