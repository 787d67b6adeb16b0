//! Reports and vehicles: lists, decisions, reminders, pictures.

pub(super) mod decisions;
mod film;
mod lists;
mod pictures;
mod reminders;
mod report;
mod scope;
mod vehicle_list;
mod vehicles;

pub use decisions::{DecisionOutcome, NewDecision, ReportState};
pub use film::FilmRow;
pub use lists::{Block, ListedReport, PageCursor, ReportFilter};
pub use report::ReportRow;
pub use scope::{DriverKeys, Scope};
pub use vehicles::{ListedVehicle, ListedVehicleType, SelectedVehicle};
