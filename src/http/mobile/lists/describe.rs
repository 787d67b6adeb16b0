//! What the lists say of themselves in the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::{OpenApi, ToSchema};

use super::{GENERAL, VEHICLES};
use crate::http::Answer;
use crate::http::error_code::ErrorCode;
use crate::leasing::lists::{
    EmployeeItem, RangeChoices, ReportItem, ShortReport, StatusChoices, ThisVehicle, TypeItem,
    TypeTitle, VehicleChoice, VehicleItem,
};
use crate::model::{TypeCode, VehicleGuid};

/// The operations, in their longest shape.
#[derive(OpenApi)]
#[openapi(paths(general, vehicles, select, select_by_plate))]
struct Longest;

/// The document of lists: every filter at the end of a path may be left out.
pub(super) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Longest::openapi();
    for (place, words) in [(GENERAL, GENERAL_NAMES), (VEHICLES, VEHICLES_NAMES)] {
        let longest =
            words.iter().fold(place.to_owned(), |path, word| format!("{path}/{{{word}}}"));
        let Some(item) = document.paths.paths.get(&longest).cloned() else { continue };
        for count in 0..words.len() {
            let (path, item) = shorter(place, words, count, item.clone());
            document.paths.paths.insert(path, item);
        }
    }
    document
}

const GENERAL_NAMES: &[&str] = &["status_code", "date_range_code", "vehicle_guid"];
const VEHICLES_NAMES: &[&str] = &["status_code", "date_range_code"];

/// The shape with only the first `count` filters.
fn shorter(place: &str, words: &[&str], count: usize, mut item: PathItem) -> (String, PathItem) {
    let (kept, left_out) = words.split_at(count);
    let path = kept.iter().fold(place.to_owned(), |path, word| format!("{path}/{{{word}}}"));
    if let Some(operation) = &mut item.get {
        trim(operation, kept, left_out);
    }
    (path, item)
}

fn trim(operation: &mut Operation, kept: &[&str], left_out: &[&str]) {
    let by = kept.last().map_or_else(|| "all".to_owned(), |last| format!("by_{last}"));
    operation.operation_id = operation.operation_id.take().map(|id| format!("{id}_{by}"));
    if let Some(parameters) = &mut operation.parameters {
        parameters.retain(|parameter| match parameter {
            RefOr::T(parameter) => !left_out.contains(&parameter.name.as_str()),
            RefOr::Ref(_) => true,
        });
    }
}

/// A director's employees (E4).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the answer")]
pub(in crate::http::mobile) struct EmployeeList {
    employees: Vec<EmployeeItem>,
}

/// Both tokens, and all that the app shows first (E2, E3).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the answer")]
pub(in crate::http) struct Profile {
    /// Goes with every request.
    access_token: String,
    /// Gets the next pair.
    refresh_token: String,
    #[schema(example = "+77021234567")]
    mobile: String,
    /// Only directors have it.
    #[schema(example = "email@mail.ru", nullable = false)]
    email: Option<String>,
    #[schema(example = "Руслан")]
    first_name: String,
    #[schema(example = "Нурмуханов")]
    last_name: String,
    #[schema(example = "Серикович")]
    patronic_name: String,
    /// BIN or IIN of the company.
    #[schema(example = "200940026146")]
    biin: String,
    #[schema(example = "Alpha AJI Gruppe ТОО")]
    company_name: String,
    #[schema(example = "Директор")]
    user_type: String,
    /// Only directors have it.
    #[schema(nullable = false)]
    employees: Option<Vec<EmployeeItem>>,
    reports: Blocks<ReportItem>,
    info: Info<TypeItem>,
    filter: Filter,
}

/// Reports (E6).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the answer")]
struct GeneralList {
    reports: Blocks<ReportItem>,
    info: Info<TypeItem>,
    filter: Filter,
    /// Where the list goes on: only there when `limit` was given; null at the end.
    next: Option<String>,
}

/// Vehicles (E7).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the answer")]
struct VehicleList {
    reports: Blocks<VehicleItem>,
    info: Info<TypeTitle>,
    filter: ShortFilter,
    /// Where the list goes on: only there when `limit` was given; null at the end.
    next: Option<String>,
}

/// Reports of a vehicle (E8).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the answer")]
struct VehicleReports {
    reports: Blocks<ShortReport>,
    info: InfoOfOne,
    /// Where the list goes on: only there when `limit` was given; null at the end.
    next: Option<String>,
}

/// The two blocks of a list.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the answer")]
struct Blocks<T> {
    /// 1 and 4, a video is awaited: what is due first comes first.
    important: Vec<T>,
    /// 2 and 3: the latest comes first.
    general: Vec<T>,
}

/// What the rows refer to.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the answer")]
struct Info<T> {
    /// The types of the vehicles shown, by their codes.
    by_vehicle_type_code: BTreeMap<String, T>,
}

/// What the rows refer to, and the selected vehicle.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the answer")]
struct InfoOfOne {
    /// The types of the vehicles shown, by their codes.
    by_vehicle_type_code: BTreeMap<String, TypeItem>,
    this: ThisVehicle,
}

/// What can be filtered by.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the answer")]
struct Filter {
    status: StatusChoices,
    vehicle_type: Vec<FilterType>,
    date_range: RangeChoices,
}

/// What vehicles can be filtered by.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the answer")]
struct ShortFilter {
    status: StatusChoices,
    date_range: RangeChoices,
}

/// The vehicles of a type.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the answer")]
struct FilterType {
    /// The type's code.
    #[schema(example = "b71e9ff8-1664-11ea-8dad-1831bf7dd029")]
    ref_key: String,
    vehicles: Vec<VehicleChoice>,
    /// The same vehicles' plates; only drivers have them.
    #[schema(nullable = false)]
    plate_numbers: Option<Vec<String>>,
}

/// Reports, filtered (E6)
///
/// Filters may be left out from the end; `NULL`, `null`, `nil`, `undefined`, `all`, `0`, `-` or
/// nothing between two slashes mean "no filter". Directors see all of their company, drivers the
/// vehicles assigned to them.
#[utoipa::path(
    get,
    path = "/reports/general/filter/{status_code}/{date_range_code}/{vehicle_guid}",
    tag = "lists",
    security(("access_token" = [])),
    params(
        ("status_code" = String, Path, description = "1, 2, 3 or 4", example = "2"),
        ("date_range_code" = String, Path, example = "6m",
            description = "1w, 1m, 6m or 1y: periods that end after that"),
        ("vehicle_guid" = String, Path, description = "Of this vehicle only", example = "NULL"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000,
            description = "The most reports; all without it"),
        ("after" = Option<String>, Query, description = "Where to go on: what `next` said"),
    ),
    responses(
        (status = 200, description = "The reports", body = Answer<GeneralList>),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed]],
        [422, [ErrorCode::ValidationFailed], "Names the filter"],
    ])))
)]
#[expect(dead_code, reason = "only describes the operation")]
const fn general() {}

/// Vehicles, each with the report it is judged by (E7)
///
/// An expired report, else 4, 1, 2, 3; among equals the one with the latest deadline. Filters apply
/// before the choice; they are spelt as in the list of reports.
#[utoipa::path(
    get,
    path = "/reports/vehicle/filter/{status_code}/{date_range_code}",
    tag = "lists",
    security(("access_token" = [])),
    params(
        ("status_code" = String, Path, description = "1, 2, 3 or 4", example = "1"),
        ("date_range_code" = String, Path, example = "NULL",
            description = "1w, 1m, 6m or 1y: periods that end after that"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000,
            description = "The most vehicles; all without it"),
        ("after" = Option<String>, Query, description = "Where to go on: what `next` said"),
    ),
    responses(
        (status = 200, description = "The vehicles", body = Answer<VehicleList>),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed]],
        [422, [ErrorCode::ValidationFailed], "Names the filter"],
    ])))
)]
#[expect(dead_code, reason = "only describes the operation")]
const fn vehicles() {}

/// Reports of one vehicle (E8)
#[utoipa::path(
    get,
    path = "/reports/vehicle/select/{vehicle_guid}",
    tag = "lists",
    security(("access_token" = [])),
    params(
        ("vehicle_guid" = VehicleGuid, Path, description = "The vehicle"),
        ("vehicle_type_code" = Option<TypeCode>, Query,
            description = "Nothing is listed unless the vehicle is of this type"),
        ("vehicle_plate_number" = Option<String>, Query,
            description = "Nothing is listed unless the vehicle has this plate"),
        ("image" = Option<String>, Query, example = "base64",
            description = "`base64`: the picture itself comes along"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000,
            description = "The most reports; all without it"),
        ("after" = Option<String>, Query, description = "Where to go on: what `next` said"),
    ),
    responses(
        (status = 200, description = "The reports", body = Answer<VehicleReports>),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed]],
        [422, [ErrorCode::ValidationFailed]],
    ])))
)]
#[expect(dead_code, reason = "only describes the operation")]
const fn select() {}

/// Reports of the vehicle with this type and plate
///
/// As the document's text has it. Of several vehicles with the same plate, one.
#[utoipa::path(
    get,
    path = "/reports/vehicle/select/{vehicle_type_code}/{vehicle_plate_number}",
    tag = "lists",
    security(("access_token" = [])),
    params(
        ("vehicle_type_code" = TypeCode, Path, description = "The vehicle's type"),
        ("vehicle_plate_number" = String, Path, description = "Its plate", example = "264LE02"),
        ("image" = Option<String>, Query, example = "base64",
            description = "`base64`: the picture itself comes along"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000,
            description = "The most reports; all without it"),
        ("after" = Option<String>, Query, description = "Where to go on: what `next` said"),
    ),
    responses(
        (status = 200, description = "The reports", body = Answer<VehicleReports>),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed]],
        [422, [ErrorCode::ValidationFailed]],
    ])))
)]
#[expect(dead_code, reason = "only describes the operation")]
const fn select_by_plate() {}
