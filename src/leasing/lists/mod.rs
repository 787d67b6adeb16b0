//! Lists of reports, vehicles and employees (E4–E8), and the profile of a person (E2).

mod cursor;
mod filters;
mod labels;
mod reader;
mod rows;
mod selection;
mod service;

pub use crate::database::{ListedReport, ListedVehicle, ListedVehicleType};
pub use cursor::Cursor;
pub use filters::{DateRange, FilterError, Filters, means_no_filter, percent_decode};
pub use labels::{RANGE_LABELS, RangeLabels, STATUS_LABELS, StatusLabels, user_type};
pub use reader::{ListOptions, ListReader};
pub use rows::{
    EmployeeItem, ReportItem, ShortReport, ThisVehicle, TypeItem, TypeTitle, VehicleChoice,
    VehicleItem,
};
pub use selection::Selection;
pub use service::{ListError, Lists, Viewer};
