//! Objects that the operations of the document are called for, and valid requests, so that the response
//! depends only on the caller.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use axum::http::Request;
use forte_media::model::{Person, PersonId, RefKey, ReportStatus, Role};

use super::Operation;
use crate::harness::clips::GOOD;
use crate::harness::form::{BOUNDARY, Form};
use crate::harness::preflight;
use crate::harness::service::{Service, json};
use crate::harness::tus;

/// Makes ids of people unique.
static NEXT_PERSON: AtomicU32 = AtomicU32::new(0);

/// Objects of the driver's company.
pub(super) struct Targets {
    /// A report that awaits a video.
    pub(super) open: RefKey,
    /// A report that has its video.
    pub(super) ref_key: String,
    /// An upload under way.
    name: String,
    pub(super) submission: String,
    employee: i64,
    pub(super) vehicle: String,
    pub(super) kind: String,
}

impl Targets {
    /// New objects that no request has touched.
    pub(super) async fn fresh(service: &Service) -> Self {
        let fixture = &service.env.fixture;
        let kind = fixture.vehicle_type("Легковой автомобиль", &[]).await;
        let vehicle = fixture.vehicle(kind, &kind.to_string()[..8]).await;
        let open = fixture.report_with_period(vehicle, ReportStatus::AwaitingVideo, (0, 10)).await;
        let filmed =
            fixture.report_with_period(vehicle, ReportStatus::AwaitingVideo, (0, 10)).await;
        let submitted = tus::create(service, filmed, GOOD.len()).await;
        tus::patch(service, &submitted, 0, GOOD).await;
        let submission = submission(service, &submitted).await;
        let upload = tus::create(service, open, GOOD.len()).await;
        let employee = 10_000 + i64::from(NEXT_PERSON.fetch_add(1, Ordering::Relaxed));
        let company = fixture.driver.company;
        fixture.person(Person { id: PersonId(employee), company, role: Role::Employee }).await;
        Self {
            open,
            ref_key: filmed.to_string(),
            name: upload.rsplit_once('/').unwrap().1.to_owned(),
            submission,
            employee,
            vehicle: vehicle.to_string(),
            kind: kind.to_string(),
        }
    }

    /// Ids of objects that do not exist.
    pub(super) fn unknown(service: &Service) -> Self {
        let fixture = &service.env.fixture;
        let key = || RefKey::mint(&fixture.clock, &fixture.random);
        Self {
            open: key(),
            ref_key: key().to_string(),
            name: format!("{}.{}", key(), "A".repeat(22)),
            submission: key().to_string(),
            employee: 9_999_999,
            vehicle: key().to_string(),
            kind: key().to_string(),
        }
    }

    /// The value of a path parameter.
    fn parameter(&self, operation: &Operation, name: &str) -> String {
        match name {
            "ref_key" if operation.path.contains("vehicle-types") => self.kind.clone(),
            "ref_key" => self.ref_key.clone(),
            "name" => self.name.clone(),
            "id" if operation.path.starts_with("/employee") => self.employee.to_string(),
            "id" if operation.path.starts_with("/1c") => self.submission.clone(),
            "id" => "019e1ee4-f400-7000-8000-000000000002".to_owned(),
            "vehicle_guid" => self.vehicle.clone(),
            "vehicle_type_code" => self.kind.clone(),
            "vehicle_plate_number" => self.kind[..8].to_owned(),
            "status_code" | "date_range_code" => "NULL".to_owned(),
            "biin" => "080540013184".to_owned(),
            "signed" | "token" => "none".to_owned(),
            "file" => "start.js".to_owned(),
            other => panic!("{}: no value for {other}", operation.name),
        }
    }

    /// The path of an operation with its parameters.
    fn path(&self, operation: &Operation) -> String {
        let parts = operation.path.split('/').map(|part| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            name.map_or_else(|| part.to_owned(), |name| self.parameter(operation, name))
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// The submission of a finished upload.
async fn submission(service: &Service, path: &str) -> String {
    let state = json(tus::by_owner(service, "GET", path).await).await;
    state["data"]["submission_id"].as_str().unwrap().to_owned()
}

/// A valid request for an operation.
pub(super) fn filled(operation: &Operation, targets: &Targets) -> Request<Body> {
    let request = Request::builder().method(operation.method.as_str()).uri(targets.path(operation));
    let request = request.header("Tus-Resumable", "1.0.0");
    match operation.name.as_str() {
        "POST /uploads" => request
            .header("Upload-Length", GOOD.len())
            .header("Upload-Metadata", tus::metadata(targets.open))
            .body(Body::empty()),
        "PATCH /uploads/{name}" => request
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", 0)
            .body(GOOD[..100].into()),
        "POST /reports/upload" => request
            .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(Form::of(targets.open).file(GOOD).done().into()),
        "POST /uploads/preflight" => request
            .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(preflight::preflight_form(targets.open, GOOD).done().into()),
        "POST /employee/delete/{id}" => {
            request.header("X-HTTP-Method-Override", "DELETE").body(Body::empty())
        }
        "PUT /1c/v1/vehicle-types/{ref_key}/image" => {
            request.header("Content-Type", "image/png").body("no picture".into())
        }
        _ => with_example(operation, request),
    }
    .unwrap()
}

/// Adds the document's example of the body, if any.
fn with_example(
    operation: &Operation,
    request: axum::http::request::Builder,
) -> axum::http::Result<Request<Body>> {
    let example = operation.description.pointer("/requestBody/content/application~1json/example");
    match example {
        None => request.body(Body::empty()),
        Some(body) => {
            request.header("Content-Type", "application/json").body(body.to_string().into())
        }
    }
}
