//! The data that the plausibility tests compare.

use jiff::Timestamp;

use crate::model::{Facts, Place};

#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    pub facts: &'a Facts,
    /// When the video was sent, according to the driver's phone.
    pub time_sent: Timestamp,
    /// When the video was recorded, according to the app.
    pub recorded_at: Option<Timestamp>,
    /// Where the video was sent, according to the driver's phone.
    pub place: Option<Place>,
    /// When the upload began, by the server's clock.
    pub begun_at: Timestamp,
    /// When the last byte arrived, by the server's clock.
    pub received_at: Timestamp,
    pub window: ReportWindow,
    pub history: &'a History,
}

/// The time in which the video of a report is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportWindow {
    pub starts_at: Option<Timestamp>,
    /// The moment from which the report is overdue.
    pub due_at: Option<Timestamp>,
}

/// Earlier videos, newest first, at most as many as the settings say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Of the same vehicle.
    pub vehicle: Vec<EarlierVideo>,
    /// Of any vehicle of the company.
    pub company: Vec<EarlierVideo>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierVideo {
    /// Where it was sent, according to the driver's phone.
    pub place: Option<Place>,
    pub duration_ms: Option<u64>,
}
