//! Reports and vehicles (E6–E8): what is asked for, in every spelling.

mod answer;
pub(super) mod describe;
mod json;
mod query;
mod sheet;
mod steps;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::http::AppState;
use crate::http::error_code::ErrorCode;
use crate::http::problem::{self, Problem};
use crate::leasing::lists::{FilterError, Filters, ListError, Selected, Viewer, Ways, decoded};
use crate::model::texts::text;
use crate::model::{TypeCode, VehicleGuid};

pub(super) use answer::Said;
use query::Query;
pub(super) use sheet::Sheet;

/// Where the lists are, and what follows in the path.
const GENERAL: &str = "/reports/general/filter";
const VEHICLES: &str = "/reports/vehicle/filter";
const SELECT: &str = "/reports/vehicle/select";
/// One route for all the shapes a path may have (Q22): axum has no optional segments.
const GENERAL_REST: &str = "/reports/general/filter/{*filters}";
const VEHICLES_REST: &str = "/reports/vehicle/filter/{*filters}";
const SELECT_REST: &str = "/reports/vehicle/select/{*vehicle}";

/// The routes of lists.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    let slash = |path| format!("{path}/");
    OpenApiRouter::with_openapi(describe::document())
        .route(GENERAL, get(general))
        .route(&slash(GENERAL), get(general))
        .route(GENERAL_REST, get(general))
        .route(VEHICLES, get(vehicles))
        .route(&slash(VEHICLES), get(vehicles))
        .route(VEHICLES_REST, get(vehicles))
        .route(SELECT_REST, get(select))
        .layer(CompressionLayer::new())
}

/// E6
async fn general(
    State(state): State<Arc<AppState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let viewer = state.viewer(&headers).await?;
    let names = ["status_code", "date_range_code", "vehicle_guid"];
    let filters = filters(&uri, GENERAL, &names)?;
    let query = Query::read(&uri, state.lists.most())?;
    let reading = state.lists.read(&viewer, &filters, query.ways());
    Sheet::new(&state.lists, viewer).with_reports(reading).answer(&Said::default()).await
}

/// E7
async fn vehicles(
    State(state): State<Arc<AppState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let viewer = state.viewer(&headers).await?;
    let filters = filters(&uri, VEHICLES, &["status_code", "date_range_code"])?;
    let query = Query::read(&uri, state.lists.most())?;
    let ways = Ways { by_vehicle: true, ..query.ways() };
    let reading = state.lists.read(&viewer, &filters, ways);
    Sheet::new(&state.lists, viewer).with_vehicles(reading).answer(&Said::default()).await
}

/// E8
async fn select(
    State(state): State<Arc<AppState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let viewer = state.viewer(&headers).await?;
    let query = Query::read(&uri, state.lists.most())?;
    let vehicle = named_vehicle(&state, &viewer, rest(&uri, SELECT)).await?;
    let selected = state.lists.selected(&viewer, vehicle, query.image).await;
    let selected = selected.map_err(no_vehicle)?;
    let filters = Filters { vehicle: Some(vehicle), ..Filters::default() };
    let ways = Ways { nothing: !query.fits(&selected), ..query.ways() };
    let mut reading = state.lists.read(&viewer, &filters, ways);
    let Selected { type_code, this, .. } = selected;
    if let Some(code) = type_code {
        reading.see(code);
    }
    Sheet::new(&state.lists, viewer).with_vehicle(reading, this).answer(&Said::default()).await
}

impl AppState {
    /// The verified caller with what they may see.
    async fn viewer(&self, headers: &HeaderMap) -> Result<Viewer, Problem> {
        let person = self.caller(headers).await?;
        Ok(self.lists.viewer(person).await?)
    }
}

/// What follows in the path.
fn rest<'a>(uri: &'a Uri, place: &str) -> &'a str {
    let rest = uri.path().strip_prefix(place).unwrap_or_default();
    rest.strip_prefix('/').unwrap_or(rest)
}

fn filters(uri: &Uri, place: &str, names: &[&'static str]) -> Result<Filters, Problem> {
    let filters = Filters::read(rest(uri, place), names)?;
    filters.ok_or_else(|| Problem::not_found("there is nothing here"))
}

/// A vehicle by its key, or by type and plate as the document's text has it (Q25).
async fn named_vehicle(
    state: &AppState,
    viewer: &Viewer,
    path: &str,
) -> Result<VehicleGuid, Problem> {
    let nothing = || no_vehicle(ListError::NotFound);
    let parts: Option<Vec<String>> = path.trim_end_matches('/').split('/').map(decoded).collect();
    match parts.ok_or_else(nothing)?.as_slice() {
        [guid] => guid.trim().parse().map_err(|_| nothing()),
        [code, plate] => {
            let code: TypeCode = code.trim().parse().map_err(|_| nothing())?;
            if plate.chars().any(char::is_control) {
                return Err(nothing());
            }
            let found = state.lists.vehicle_with_plate(viewer, code, plate.trim()).await;
            found.map_err(no_vehicle)
        }
        _ => Err(Problem::not_found("there is nothing here")),
    }
}

fn no_vehicle(error: ListError) -> Problem {
    match error {
        ListError::NotFound => Problem::not_found("Vehicle not found."),
        error => error.into(),
    }
}

/// 403 of what is for directors (S21).
pub(super) fn for_directors() -> Problem {
    Problem::new(ErrorCode::Forbidden, text!("problem.directors_only"))
}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        Self::fields(&[(error.name, error.why.to_owned())])
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::NotFound => Self::not_found(text!("problem.employee_not_found")),
            ListError::Forbidden => for_directors(),
            ListError::Oneself => {
                Self::new(ErrorCode::DeleteOneself, text!("problem.delete_oneself"))
            }
            ListError::Away(cause) => problem::unavailable(&cause),
            ListError::Internal(cause) => {
                tracing::error!(error = %cause, "a list could not be made");
                problem::internal()
            }
        }
    }
}
