//! Settings of companies and reports.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::database::EmployeesSee;
use crate::model::VehicleGuid;

/// `[leasing]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The business zone: of times without a zone, and of dates that are shown.
    #[serde(deserialize_with = "jiff::fmt::serde::tz::required::deserialize")]
    pub time_zone: TimeZone,
    /// The longest side of a stored picture, in pixels.
    pub picture_side: u32,
    /// The memory limit of decoding one picture, in bytes.
    pub picture_memory: u64,
    /// Pictures decoded at a time.
    pub pictures_at_once: usize,
    /// The content of a vehicle's QR code.
    pub qr_template: Template,
    /// Whether a QR code is shown only to people of the vehicle's company.
    pub qr_requires_login: bool,
    /// QR codes per minute for one network address.
    pub qr_per_minute: usize,
    /// How long before its deadline a report gets a reminder.
    pub remind_before: SignedDuration,
    pub remind_every: SignedDuration,
    /// Reminders per transaction.
    pub remind_batch: u32,
    /// Rows of a list read from the database at a time.
    pub list_page: u16,
    /// The largest `limit` of a list.
    pub list_most: u16,
    /// `status_expired_title` of an overdue report.
    pub expired_title: String,
    /// Which reports drivers see and get messages about.
    pub employees_see: EmployeesSee,
    /// Whether a director's profile lists the employees.
    pub employees_in_profile: bool,
}

/// A text that contains `{guid}` once.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(String);

const PLACEHOLDER: &str = "{guid}";
/// In bytes. The modules of a longer code are too small for a phone's camera.
const LONGEST_TEMPLATE: usize = 300;

impl Template {
    pub(super) fn fill(&self, vehicle: VehicleGuid) -> String {
        self.0.replace(PLACEHOLDER, &vehicle.to_string())
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.matches(PLACEHOLDER).count() != 1 || text.len() > LONGEST_TEMPLATE {
            let limit = LONGEST_TEMPLATE;
            return Err(format!("must contain {PLACEHOLDER} once and have at most {limit} bytes"));
        }
        Ok(Self(text))
    }
}
