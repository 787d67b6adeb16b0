//! An answer that is being written: what it will hold, and how far it is.

use super::json::Json;
use crate::leasing::Lists;
use crate::leasing::lists::{ListError, ListedVehicle, Reading, ThisVehicle, Viewer};
use crate::model::PersonId;

/// An answer under way.
pub(in crate::http::mobile) struct Sheet {
    pub(super) lists: Lists,
    pub(super) viewer: Viewer,
    pub(super) employees: bool,
    pub(super) listed: Option<Listed>,
    pub(super) step: Step,
    pub(super) out: Json,
}

/// What is listed.
pub(super) struct Listed {
    pub(super) reading: Reading,
    pub(super) rows: Rows,
}

/// What a row is.
pub(super) enum Rows {
    /// A report (E2, E6).
    Reports,
    /// A vehicle (E7).
    Vehicles,
    /// A report of this vehicle (E8).
    Of(Box<ThisVehicle>),
}

/// What is written next.
pub(super) enum Step {
    /// The beginning.
    Begin,
    /// Employees after this one.
    Employees(Option<PersonId>),
    /// Important reports.
    Important,
    /// General reports.
    General,
    /// What the rows refer to.
    Info,
    /// What can be chosen.
    Filter,
    /// Vehicles that can be chosen, after this one.
    Fleet(Fleet),
    /// The end.
    End,
    /// Nothing.
    Done,
}

/// Vehicles that can be chosen, by type.
#[derive(Default)]
pub(super) struct Fleet {
    pub(super) last: Option<ListedVehicle>,
    /// The plates of the present type, as drivers get them too (Q8).
    pub(super) plates: Vec<String>,
}

/// Why an answer breaks off.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    List(#[from] ListError),
    #[error("a row cannot be written")]
    Row(#[from] serde_json::Error),
}

impl Sheet {
    /// An answer to this viewer.
    pub(in crate::http::mobile) fn new(lists: &Lists, viewer: Viewer) -> Self {
        let (lists, step, out) = (lists.clone(), Step::Begin, Json::default());
        Self { lists, viewer, employees: false, listed: None, step, out }
    }

    /// With the employees of the viewer's company.
    pub(in crate::http::mobile) fn with_employees(self) -> Self {
        Self { employees: true, ..self }
    }

    /// With reports, instructions and everything to filter by (E2, E6).
    pub(in crate::http::mobile) fn with_reports(self, reading: Reading) -> Self {
        Self { listed: Some(Listed { reading, rows: Rows::Reports }), ..self }
    }

    /// With a row for each vehicle (E7).
    pub(super) fn with_vehicles(self, reading: Reading) -> Self {
        Self { listed: Some(Listed { reading, rows: Rows::Vehicles }), ..self }
    }

    /// With the reports of one vehicle, and itself (E8).
    pub(super) fn with_vehicle(self, reading: Reading, this: ThisVehicle) -> Self {
        let rows = Rows::Of(Box::new(this));
        Self { listed: Some(Listed { reading, rows }), ..self }
    }
}
