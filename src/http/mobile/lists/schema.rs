//! The JSON of list responses around their rows. Most types only describe it for OpenAPI: it is written
//! page by page.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::leasing::lists::{
    EmployeeItem, RangeLabels, ReportItem, ShortReport, StatusLabels, ThisVehicle, TypeItem,
    TypeTitle, VehicleChoice, VehicleItem,
};
use crate::model::TypeCode;

/// The employees of a company (E4).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the JSON")]
pub(in crate::http::mobile) struct EmployeeList {
    employees: Vec<EmployeeItem>,
}

/// Reports (E6).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the JSON")]
pub(super) struct ReportList {
    reports: Blocks<ReportItem>,
    info: Info<TypeItem>,
    filter: ReportFilter,
    /// The cursor for `after`, if the request had a `limit`; null at the end.
    next: Option<String>,
}

/// Vehicles (E7).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the JSON")]
pub(super) struct VehicleList {
    reports: Blocks<VehicleItem>,
    info: Info<TypeTitle>,
    filter: VehicleFilter,
    /// The cursor for `after`, if the request had a `limit`; null at the end.
    next: Option<String>,
}

/// Reports of one vehicle (E8).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the JSON")]
pub(super) struct VehicleReportList {
    reports: Blocks<ShortReport>,
    info: VehicleInfo,
    /// The cursor for `after`, if the request had a `limit`; null at the end.
    next: Option<String>,
}

/// The two blocks of a list.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the JSON")]
pub(in crate::http::mobile) struct Blocks<T> {
    /// Status 1 and 4, which wait for a video; earliest deadline first.
    important: Vec<T>,
    /// Status 2 and 3; latest first.
    general: Vec<T>,
}

/// What the rows refer to.
#[derive(Serialize, ToSchema)]
pub(in crate::http::mobile) struct Info<T> {
    /// The vehicle types of the rows, by code.
    #[schema(value_type = BTreeMap<String, T>)]
    pub(super) by_vehicle_type_code: OrderedMap<T>,
}

/// What the rows refer to, and the vehicle itself.
#[derive(Serialize, ToSchema)]
pub(super) struct VehicleInfo {
    /// The vehicle types of the rows, by code.
    #[schema(value_type = BTreeMap<String, TypeItem>)]
    pub(super) by_vehicle_type_code: OrderedMap<TypeItem>,
    pub(super) this: ThisVehicle,
}

/// An object whose keys keep their order.
pub(super) struct OrderedMap<T>(pub(super) Vec<(TypeCode, T)>);

impl<T: Serialize> Serialize for OrderedMap<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(code, value)| (code, value)))
    }
}

/// The values that reports can be filtered by.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the JSON")]
pub(in crate::http::mobile) struct ReportFilter {
    status: StatusLabels,
    vehicle_type: Vec<VehicleTypeFilter>,
    date_range: RangeLabels,
}

/// The values that vehicles can be filtered by.
#[derive(Serialize, ToSchema)]
pub(super) struct VehicleFilter {
    pub(super) status: StatusLabels,
    pub(super) date_range: RangeLabels,
}

/// The vehicles of one type.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the JSON")]
struct VehicleTypeFilter {
    /// The code of the type.
    #[schema(example = "b71e9ff8-1664-11ea-8dad-1831bf7dd029")]
    ref_key: String,
    vehicles: Vec<VehicleChoice>,
    /// For drivers only: the plates of the same vehicles.
    #[schema(nullable = false)]
    plate_numbers: Option<Vec<String>>,
}
