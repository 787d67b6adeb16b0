//! The routes of lists. axum has no optional path segments, so one wildcard route handles every form of
//! a path.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::http::base_url::BaseUrl;
use crate::http::error_code::ErrorCode;
use crate::http::problem::{self, Problem};
use crate::http::{Answer, AppState};
use crate::leasing::lists::{
    FilterError, Filters, ListError, ListOptions, Selection, Viewer, percent_decode,
};
use crate::model::texts::text;
use crate::model::{TypeCode, VehicleGuid};

use super::paths::add_shorter;
use super::query::{ImageParams, PageParams, Query};
use super::response::{ListResponse, Rows, Section};
use super::schema::{ReportList, VehicleList, VehicleReportList};

const REPORTS: &str = "/reports/general/filter";
const REPORTS_FILTERED: &str = "/reports/general/filter/{*filters}";
const REPORTS_NAMES: &[&str] = &["status_code", "date_range_code", "vehicle_guid"];
const VEHICLES: &str = "/reports/vehicle/filter";
const VEHICLES_FILTERED: &str = "/reports/vehicle/filter/{*filters}";
const VEHICLES_NAMES: &[&str] = &["status_code", "date_range_code"];
const SELECT: &str = "/reports/vehicle/select";
const SELECT_VEHICLE: &str = "/reports/vehicle/select/{*vehicle}";

#[derive(OpenApi)]
#[openapi(paths(list_reports, list_vehicles, list_vehicle_reports, list_vehicle_reports_by_plate))]
struct FullPaths;

pub(in crate::http::mobile) fn routes() -> OpenApiRouter<Arc<AppState>> {
    let mut document = FullPaths::openapi();
    add_shorter(&mut document, REPORTS, REPORTS_NAMES);
    add_shorter(&mut document, VEHICLES, VEHICLES_NAMES);
    let with_slash = |path| format!("{path}/");
    OpenApiRouter::with_openapi(document)
        .route(REPORTS, get(list_reports))
        .route(&with_slash(REPORTS), get(list_reports))
        .route(REPORTS_FILTERED, get(list_reports))
        .route(VEHICLES, get(list_vehicles))
        .route(&with_slash(VEHICLES), get(list_vehicles))
        .route(VEHICLES_FILTERED, get(list_vehicles))
        .route(SELECT_VEHICLE, get(list_vehicle_reports))
        .layer(CompressionLayer::new())
}

/// Lists reports (E6)
///
/// Filters may be left out from the end. `NULL`, `null`, `nil`, `undefined`, `all`, `0`, `-` and an empty
/// segment mean "no filter". Directors see all reports of their company, drivers those of the vehicles
/// assigned to them.
#[utoipa::path(
    get,
    path = "/reports/general/filter/{status_code}/{date_range_code}/{vehicle_guid}",
    tag = "lists",
    security(("access_token" = [])),
    params(
        ("status_code" = String, Path, description = "1, 2, 3 or 4", example = "2"),
        ("date_range_code" = String, Path, example = "6m",
            description = "1w, 1m, 6m or 1y: reports whose period ends after that time"),
        ("vehicle_guid" = String, Path, description = "Reports of this vehicle", example = "NULL"),
        PageParams,
    ),
    responses((status = 200, description = "The reports", body = Answer<ReportList>)),
)]
async fn list_reports(
    State(state): State<Arc<AppState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let viewer = state.viewer(&headers).await?;
    let filters = filters(&uri, REPORTS, REPORTS_NAMES)?;
    let options = Query::parse(&uri, state.lists.max_limit())?.options();
    let reader = state.lists.read(&viewer, &filters, options);
    send(&state, viewer, Section { reader, rows: Rows::Reports }).await
}

/// Lists vehicles, each with its most important report (E7)
///
/// The report is one that is overdue, else one with status 4, 1, 2 or 3, in this order; among equals the
/// one with the latest deadline. Filters apply before the choice. They are written as in the list of
/// reports.
#[utoipa::path(
    get,
    path = "/reports/vehicle/filter/{status_code}/{date_range_code}",
    tag = "lists",
    security(("access_token" = [])),
    params(
        ("status_code" = String, Path, description = "1, 2, 3 or 4", example = "1"),
        ("date_range_code" = String, Path, example = "NULL",
            description = "1w, 1m, 6m or 1y: reports whose period ends after that time"),
        PageParams,
    ),
    responses((status = 200, description = "The vehicles", body = Answer<VehicleList>)),
)]
async fn list_vehicles(
    State(state): State<Arc<AppState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let viewer = state.viewer(&headers).await?;
    let filters = filters(&uri, VEHICLES, VEHICLES_NAMES)?;
    let options = Query::parse(&uri, state.lists.max_limit())?.options();
    let options = ListOptions { by_vehicle: true, ..options };
    let reader = state.lists.read(&viewer, &filters, options);
    send(&state, viewer, Section { reader, rows: Rows::Vehicles }).await
}

/// Lists the reports of one vehicle (E8)
#[utoipa::path(
    get,
    path = "/reports/vehicle/select/{vehicle_guid}",
    tag = "lists",
    security(("access_token" = [])),
    params(
        ("vehicle_guid" = VehicleGuid, Path, description = "The vehicle"),
        ("vehicle_type_code" = Option<TypeCode>, Query,
            description = "The list is empty unless the vehicle has this type"),
        ("vehicle_plate_number" = Option<String>, Query,
            description = "The list is empty unless the vehicle has this plate"),
        ImageParams,
        PageParams,
    ),
    responses((status = 200, description = "The reports", body = Answer<VehicleReportList>)),
)]
async fn list_vehicle_reports(
    State(state): State<Arc<AppState>>,
    uri: Uri,
    BaseUrl(base): BaseUrl,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let viewer = state.viewer(&headers).await?;
    let query = Query::parse(&uri, state.lists.max_limit())?;
    let vehicle = vehicle(&state, &viewer, segments(&uri, SELECT)).await?;
    let selection = state.lists.select(&viewer, vehicle, query.with_image, &base).await;
    let selection = selection.map_err(vehicle_error)?;
    let filters = Filters { vehicle: Some(vehicle), ..Filters::default() };
    let options = ListOptions { empty: !query.matches(&selection), ..query.options() };
    let mut reader = state.lists.read(&viewer, &filters, options);
    let Selection { type_code, this, .. } = selection;
    if let Some(code) = type_code {
        reader.add_type(code);
    }
    send(&state, viewer, Section { reader, rows: Rows::OfVehicle(this) }).await
}

/// Lists the reports of the vehicle with a type and plate
///
/// Another form of the address (Q25). If several vehicles have the plate, one is chosen.
#[utoipa::path(
    get,
    path = "/reports/vehicle/select/{vehicle_type_code}/{vehicle_plate_number}",
    tag = "lists",
    security(("access_token" = [])),
    params(
        ("vehicle_type_code" = TypeCode, Path, description = "The type of the vehicle"),
        ("vehicle_plate_number" = String, Path, description = "Its plate", example = "264LE02"),
        ImageParams,
        PageParams,
    ),
    responses((status = 200, description = "The reports", body = Answer<VehicleReportList>)),
)]
#[expect(dead_code, reason = "`list_vehicle_reports` handles this form too")]
const fn list_vehicle_reports_by_plate() {}

async fn send(state: &AppState, viewer: Viewer, section: Section) -> Result<Response, Problem> {
    let (lists, reports) = (state.lists.clone(), Some(section));
    ListResponse { lists, viewer, employees: false, reports }.send(&serde_json::json!({})).await
}

impl AppState {
    async fn viewer(&self, headers: &HeaderMap) -> Result<Viewer, Problem> {
        let person = self.caller(headers).await?;
        Ok(self.lists.viewer(person).await?)
    }
}

/// The part of the path after `base/`.
fn segments<'a>(uri: &'a Uri, base: &str) -> &'a str {
    let rest = uri.path().strip_prefix(base).unwrap_or_default();
    rest.strip_prefix('/').unwrap_or(rest)
}

fn filters(uri: &Uri, base: &str, names: &[&'static str]) -> Result<Filters, Problem> {
    let filters = Filters::parse(segments(uri, base), names)?;
    filters.ok_or_else(|| Problem::not_found("this path does not exist"))
}

/// The vehicle in the path: its key, or its type and plate (Q25).
async fn vehicle(state: &AppState, viewer: &Viewer, path: &str) -> Result<VehicleGuid, Problem> {
    let unknown = || vehicle_error(ListError::NotFound);
    let segments: Option<Vec<_>> =
        path.trim_end_matches('/').split('/').map(percent_decode).collect();
    match segments.ok_or_else(unknown)?.as_slice() {
        [guid] => guid.trim().parse().map_err(|_| unknown()),
        [code, plate] => {
            let code: TypeCode = code.trim().parse().map_err(|_| unknown())?;
            if plate.chars().any(char::is_control) {
                return Err(unknown());
            }
            let found = state.lists.vehicle_with_plate(viewer, code, plate.trim()).await;
            found.map_err(vehicle_error)
        }
        _ => Err(Problem::not_found("this path does not exist")),
    }
}

fn vehicle_error(error: ListError) -> Problem {
    match error {
        ListError::NotFound => Problem::not_found("Vehicle not found."),
        error => error.into(),
    }
}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        Self::field(error.name, error.rule.to_owned())
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::NotFound => Self::not_found(text!("problem.employee_not_found")),
            ListError::DirectorsOnly => {
                Self::new(ErrorCode::Forbidden, text!("problem.directors_only"))
            }
            ListError::DeleteOneself => {
                Self::new(ErrorCode::DeleteOneself, text!("problem.delete_oneself"))
            }
            ListError::Database(error) => problem::database_failure(&error),
        }
    }
}
