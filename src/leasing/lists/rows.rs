//! The rows of lists, with the names of the API document.

use jiff::Timestamp;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::labels::{date_time, date_title, status_title};
use super::service::Lists;
use crate::database::{
    ListedEmployee, ListedReport, ListedVehicle, ListedVehicleType, SelectedVehicle,
};
use crate::model::is_expired;

/// A report (E2, E6).
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportItem {
    #[schema(example = "646ba713-d1d7-11ec-9405-005056aaa4ae")]
    ref_key: String,
    #[schema(example = "000000001")]
    report_number: String,
    #[schema(example = "№36/20 (ДЛ)")]
    contract_number: String,
    #[serde(flatten)]
    dates: Dates,
    #[serde(flatten)]
    status: Status,
    /// The reason of the last rejection; stays until the next decision.
    reject_reason: String,
    #[schema(example = "XWW212140K2365328")]
    vin_code: String,
    #[schema(example = "264LE02")]
    plate_number: String,
    #[schema(example = "4cac2fb0-3cc2-11ea-8db2-1831bf7dd028")]
    vehicle_guid: String,
    #[schema(example = "b71e9ff8-1664-11ea-8dad-1831bf7dd029")]
    vehicle_type_code: String,
}

/// A report of the selected vehicle (E8).
#[derive(Debug, Serialize, ToSchema)]
pub struct ShortReport {
    #[schema(example = "646ba713-d1d7-11ec-9405-005056aaa4ae")]
    ref_key: String,
    #[schema(example = "000000001")]
    report_number: String,
    #[serde(flatten)]
    dates: Dates,
    #[serde(flatten)]
    status: Status,
    /// The reason of the last rejection; stays until the next decision.
    reject_reason: String,
    #[schema(example = "b71e9ff8-1664-11ea-8dad-1831bf7dd029")]
    vehicle_type_code: String,
}

/// A vehicle with its most important report (E7).
#[derive(Debug, Serialize, ToSchema)]
pub struct VehicleItem {
    /// The report.
    #[schema(example = "d60ea4cb-e710-11ec-9405-005056aaa4ae")]
    ref_key: String,
    #[schema(example = "Одобрено")]
    report_status_priority_title: &'static str,
    #[schema(example = 3, minimum = 1, maximum = 4)]
    report_status_priority_code: i64,
    #[serde(flatten)]
    expired: Expired,
    #[schema(example = "X2FXXXESGXKM42757")]
    vin_code: String,
    #[schema(example = "264LE02")]
    plate_number: String,
    #[schema(example = "6b5c250a-3d2d-11ea-8db2-1831bf7dd028")]
    vehicle_guid: String,
    #[schema(example = "b71ea01f-1664-11ea-8dad-1831bf7dd029")]
    vehicle_type_code: String,
}

/// The period of a report; empty texts for missing dates.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Dates {
    #[schema(example = "03 марта 2022")]
    #[serde(rename = "date_start_render")]
    start_render: String,
    /// In the business zone.
    #[schema(example = "2022-03-03T00:00:00")]
    #[serde(rename = "date_start_datetime")]
    start_datetime: String,
    #[schema(example = "10 марта 2022")]
    #[serde(rename = "date_finish_render")]
    finish_render: String,
    /// In the business zone; midnight means the end of that day.
    #[schema(example = "2022-03-10T00:00:00")]
    #[serde(rename = "date_finish_datetime")]
    finish_datetime: String,
}

/// The state of a report.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Status {
    #[schema(example = "Отправлено")]
    #[serde(rename = "status_title")]
    title: &'static str,
    #[schema(example = 2, minimum = 1, maximum = 4)]
    #[serde(rename = "status_code")]
    code: i64,
    #[serde(flatten)]
    expired: Expired,
}

/// Whether the report is overdue: its deadline has passed without a video.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Expired {
    /// Empty unless overdue.
    #[schema(example = "")]
    status_expired_title: String,
    status_expired_bool: bool,
}

/// An employee (E4).
#[derive(Debug, Serialize, ToSchema)]
pub struct EmployeeItem {
    /// For the deletion of the employee.
    #[schema(example = 153)]
    id: i64,
    #[schema(example = "Иван")]
    first_name: String,
    #[schema(example = "87781578800")]
    mobile: String,
}

/// The selected vehicle (E8).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ThisVehicle {
    #[schema(example = "№36/20 (ДЛ)")]
    contract_number: String,
    /// In the business zone; empty if unknown.
    #[schema(example = "2023-11-16T00:00:00")]
    contract_date_end: String,
    #[schema(example = "123456789")]
    plate_number: String,
    #[schema(example = "XWW212140K2365328")]
    vin_code: String,
    /// The picture of the vehicle's type; empty if the type is unknown.
    #[schema(
        example = "https://api.shakeshev.com/images/b71e9ff8-1664-11ea-8dad-1831bf7dd029/image.png"
    )]
    image_path: String,
    /// The picture itself if the request has `image=base64`; a placeholder until 1C sends one, and
    /// empty if the type is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    image_base64: Option<String>,
}

/// A vehicle type.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypeItem {
    #[schema(example = "Легковой автомобиль")]
    vehicle_type_title: String,
    #[schema(value_type = InstructionsSchema)]
    instructions: Instructions,
}

/// A vehicle type without its instructions (E7).
#[derive(Debug, Serialize, ToSchema)]
pub struct TypeTitle {
    #[schema(example = "Легковой автомобиль")]
    vehicle_type_title: String,
}

/// A vehicle to filter by.
#[derive(Debug, Serialize, ToSchema)]
pub struct VehicleChoice {
    #[schema(example = "4cac2fb0-3cc2-11ea-8db2-1831bf7dd028")]
    vehicle_guid: String,
    #[schema(example = "123456789")]
    plate_number: String,
}

/// What to film, in Russian: an object with the keys "1", "2", …, or an empty array (Q27).
#[derive(Debug)]
struct Instructions(Vec<String>);

/// The JSON of [`Instructions`].
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the JSON")]
enum InstructionsSchema {
    /// Keys "1", "2", …
    Steps(BTreeMap<String, String>),
    /// An empty array if there are none.
    None(Vec<String>),
}

impl Serialize for Instructions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_empty() {
            return serializer.serialize_seq(Some(0))?.end();
        }
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (at, text) in self.0.iter().enumerate() {
            map.serialize_entry(&(at + 1).to_string(), text)?;
        }
        map.end()
    }
}

impl Lists {
    /// For E2, E3 and E6.
    pub fn report_item(&self, row: &ListedReport, now: Timestamp) -> ReportItem {
        ReportItem {
            ref_key: row.ref_key.to_string(),
            report_number: row.report_number.clone(),
            contract_number: row.contract_number.clone(),
            dates: self.dates(row),
            status: self.status(row, now),
            reject_reason: row.reject_reason.clone(),
            vin_code: row.vin_code.clone(),
            plate_number: row.plate_number.clone(),
            vehicle_guid: or_empty(row.vehicle.as_ref()),
            vehicle_type_code: or_empty(row.type_code.as_ref()),
        }
    }

    /// For E8.
    pub fn short_report(&self, row: &ListedReport, now: Timestamp) -> ShortReport {
        ShortReport {
            ref_key: row.ref_key.to_string(),
            report_number: row.report_number.clone(),
            dates: self.dates(row),
            status: self.status(row, now),
            reject_reason: row.reject_reason.clone(),
            vehicle_type_code: or_empty(row.type_code.as_ref()),
        }
    }

    /// For E7.
    pub fn vehicle_item(&self, row: &ListedReport, now: Timestamp) -> VehicleItem {
        VehicleItem {
            ref_key: row.ref_key.to_string(),
            report_status_priority_title: status_title(row.status),
            report_status_priority_code: row.status.code(),
            expired: self.expired(row, now),
            vin_code: row.vin_code.clone(),
            plate_number: row.plate_number.clone(),
            vehicle_guid: or_empty(row.vehicle.as_ref()),
            vehicle_type_code: or_empty(row.type_code.as_ref()),
        }
    }

    /// For E8. `base` is the base of the address of the picture.
    pub(super) fn this_vehicle(
        &self,
        row: &SelectedVehicle,
        picture: Option<String>,
        base: &str,
    ) -> ThisVehicle {
        let version = match row.picture_tag.as_str() {
            "" => String::new(),
            tag => format!("?v={tag}"),
        };
        let image = |code| format!("{base}/images/{code}/image.png{version}");
        ThisVehicle {
            contract_number: row.contract_number.clone(),
            contract_date_end: date_time(row.contract_ends_at, &self.config.time_zone),
            plate_number: row.plate_number.clone(),
            vin_code: row.vin_code.clone(),
            image_path: row.type_code.map(image).unwrap_or_default(),
            image_base64: picture,
        }
    }

    fn dates(&self, row: &ListedReport) -> Dates {
        let zone = &self.config.time_zone;
        Dates {
            start_render: date_title(row.starts_at, zone),
            start_datetime: date_time(row.starts_at, zone),
            finish_render: date_title(row.finishes_at, zone),
            finish_datetime: date_time(row.finishes_at, zone),
        }
    }

    fn status(&self, row: &ListedReport, now: Timestamp) -> Status {
        Status {
            title: status_title(row.status),
            code: row.status.code(),
            expired: self.expired(row, now),
        }
    }

    fn expired(&self, row: &ListedReport, now: Timestamp) -> Expired {
        let expired = is_expired(row.status, row.due_at, now);
        let title = if expired { self.config.expired_title.clone() } else { String::new() };
        Expired { status_expired_title: title, status_expired_bool: expired }
    }
}

impl From<ListedEmployee> for EmployeeItem {
    fn from(row: ListedEmployee) -> Self {
        Self { id: row.id.0, first_name: row.first_name, mobile: row.mobile }
    }
}

impl From<ListedVehicleType> for TypeItem {
    fn from(row: ListedVehicleType) -> Self {
        let instructions = row.instructions.into_iter().map(|instruction| instruction.ru);
        Self { vehicle_type_title: row.title, instructions: Instructions(instructions.collect()) }
    }
}

impl From<ListedVehicleType> for TypeTitle {
    fn from(row: ListedVehicleType) -> Self {
        Self { vehicle_type_title: row.title }
    }
}

impl From<ListedVehicle> for VehicleChoice {
    fn from(row: ListedVehicle) -> Self {
        Self { vehicle_guid: row.guid.to_string(), plate_number: row.plate_number }
    }
}

fn or_empty(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}
