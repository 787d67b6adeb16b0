//! The response to a list request: JSON that is written while the database is read, so that memory
//! holds one page at a time. The order of the keys is that of the API document.

use async_stream::try_stream;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{Stream, StreamExt as _, TryStreamExt as _, once};
use serde::Serialize;

use super::json::Json;
use super::schema::{Info, OrderedMap, VehicleFilter, VehicleInfo};
use crate::http::problem::{self, Problem};
use crate::leasing::Lists;
use crate::leasing::lists::{
    Cursor, EmployeeItem, ListError, ListReader, ListedReport, ListedVehicle, ListedVehicleType,
    RANGE_LABELS, STATUS_LABELS, ThisVehicle, TypeItem, TypeTitle, VehicleChoice, Viewer,
};
use crate::model::{Role, TypeCode};

/// How much JSON is collected before the status is sent. Until then, an error becomes a problem.
const FIRST_CHUNK: usize = 64 * 1024;

/// What a list response contains.
pub(in crate::http::mobile) struct ListResponse {
    pub(in crate::http::mobile) lists: Lists,
    pub(in crate::http::mobile) viewer: Viewer,
    pub(in crate::http::mobile) employees: bool,
    pub(in crate::http::mobile) reports: Option<Section>,
}

/// The reports, and the form of their rows.
pub(in crate::http::mobile) struct Section {
    pub(in crate::http::mobile) reader: ListReader,
    pub(in crate::http::mobile) rows: Rows,
}

/// The form of the rows.
pub(in crate::http::mobile) enum Rows {
    /// E2, E6.
    Reports,
    /// E7.
    Vehicles,
    /// The reports of this vehicle (E8).
    OfVehicle(ThisVehicle),
}

/// Why a response ends early.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    List(#[from] ListError),
    #[error("a row cannot be serialized")]
    Json(#[from] serde_json::Error),
}

impl ListResponse {
    /// Sends the response, in which `fields` precede the lists. An error after the first chunk cuts the
    /// body off, so that no client takes it for a complete list.
    pub(in crate::http::mobile) async fn send(
        self,
        fields: &(impl Serialize + Sync),
    ) -> Result<Response, Problem> {
        let mut json = Json::default();
        json.write(r#"{"status":"ok","data":{"message":"success","code":200"#);
        json.fields(fields).map_err(WriteError::from)?;
        let mut chunks = Box::pin(self.write());
        let body = loop {
            match chunks.try_next().await? {
                None => break Body::from(json.take()),
                Some(chunk) => json.bytes(&chunk),
            }
            if json.len() >= FIRST_CHUNK {
                let first = once(async move { Ok(json.take()) });
                break Body::from_stream(first.chain(chunks.inspect_err(|error| {
                    tracing::warn!(%error, "a list response was cut off");
                })));
            }
        };
        let headers = [
            (header::CONTENT_TYPE, "application/json; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        Ok((StatusCode::OK, headers, body).into_response())
    }

    fn write(mut self) -> impl Stream<Item = Result<Bytes, WriteError>> + Send {
        try_stream! {
            if self.employees {
                for await chunk in self.write_employees() {
                    yield chunk?;
                }
            }
            if let Some(section) = &mut self.reports {
                for await chunk in section.write_blocks(&self.lists) {
                    yield chunk?;
                }
                yield section.write_info(&self.lists).await?;
                match section.rows {
                    Rows::Reports => for await chunk in write_filter(&self.lists, &self.viewer) {
                        yield chunk?;
                    },
                    Rows::Vehicles => yield write_vehicle_filter()?,
                    Rows::OfVehicle(_) => {}
                }
                yield section.write_next()?;
            }
            yield Bytes::from_static(b"}}");
        }
    }

    fn write_employees(&self) -> impl Stream<Item = Result<Bytes, WriteError>> + Send {
        try_stream! {
            let mut json = Json::default();
            json.open_list(r#","employees":["#);
            let mut last = None;
            loop {
                let page = self.lists.employees(&self.viewer, last).await?;
                let Some(employee) = page.last() else { break };
                last = Some(employee.id);
                for employee in page {
                    json.item(&EmployeeItem::from(employee))?;
                }
                yield json.take();
            }
            json.write("]");
            yield json.take();
        }
    }
}

impl Section {
    fn write_blocks(
        &mut self,
        lists: &Lists,
    ) -> impl Stream<Item = Result<Bytes, WriteError>> + Send {
        try_stream! {
            let mut json = Json::default();
            json.open_list(r#","reports":{"important":["#);
            loop {
                let page = self.reader.important().await?;
                if page.is_empty() {
                    break;
                }
                self.write_rows(lists, &page, &mut json)?;
                yield json.take();
            }
            json.open_list(r#"],"general":["#);
            loop {
                let page = self.reader.general().await?;
                if page.is_empty() {
                    break;
                }
                self.write_rows(lists, &page, &mut json)?;
                yield json.take();
            }
            json.write("]}");
            yield json.take();
        }
    }

    fn write_rows(
        &self,
        lists: &Lists,
        page: &[ListedReport],
        json: &mut Json,
    ) -> Result<(), serde_json::Error> {
        let now = self.reader.now();
        page.iter().try_for_each(|row| match self.rows {
            Rows::Reports => json.item(&lists.report_item(row, now)),
            Rows::Vehicles => json.item(&lists.vehicle_item(row, now)),
            Rows::OfVehicle(_) => json.item(&lists.short_report(row, now)),
        })
    }

    async fn write_info(&self, lists: &Lists) -> Result<Bytes, WriteError> {
        let types = lists.vehicle_types(self.reader.types()).await?;
        let mut json = Json::default();
        json.write(r#","info":"#);
        match &self.rows {
            Rows::Reports => {
                json.value(&Info { by_vehicle_type_code: items::<TypeItem>(types) })?;
            }
            Rows::Vehicles => {
                json.value(&Info { by_vehicle_type_code: items::<TypeTitle>(types) })?;
            }
            Rows::OfVehicle(this) => {
                let by_vehicle_type_code = items(types);
                json.value(&VehicleInfo { by_vehicle_type_code, this: this.clone() })?;
            }
        }
        Ok(json.take())
    }

    /// The cursor, if the request had a limit.
    fn write_next(&self) -> Result<Bytes, WriteError> {
        let mut json = Json::default();
        if self.reader.has_limit() {
            json.write(r#","next":"#);
            json.value(&self.reader.next_cursor().as_ref().map(Cursor::encode))?;
        }
        Ok(json.take())
    }
}

fn items<T: From<ListedVehicleType>>(types: Vec<ListedVehicleType>) -> OrderedMap<T> {
    OrderedMap(types.into_iter().map(|row| (row.code, row.into())).collect())
}

/// The filter of E7.
fn write_vehicle_filter() -> Result<Bytes, WriteError> {
    let mut json = Json::default();
    json.write(r#","filter":"#);
    json.value(&VehicleFilter { status: STATUS_LABELS, date_range: RANGE_LABELS })?;
    Ok(json.take())
}

/// The filter of E2 and E6, with every vehicle that the viewer may see.
fn write_filter(
    lists: &Lists,
    viewer: &Viewer,
) -> impl Stream<Item = Result<Bytes, WriteError>> + Send {
    try_stream! {
        let mut json = Json::default();
        json.write(r#","filter":{"status":"#);
        json.value(&STATUS_LABELS)?;
        json.write(r#","vehicle_type":["#);
        let mut group = TypeGroup::new(viewer.person.role);
        loop {
            let page = lists.vehicles(viewer, group.last.as_ref()).await?;
            if page.is_empty() {
                break;
            }
            for vehicle in page {
                group.add(vehicle, &mut json)?;
            }
            yield json.take();
        }
        group.close(&mut json)?;
        json.write(r#"],"date_range":"#);
        json.value(&RANGE_LABELS)?;
        json.write("}");
        yield json.take();
    }
}

/// The vehicles of one type, in a filter.
struct TypeGroup {
    last: Option<ListedVehicle>,
    /// For drivers only (Q8): the plates of the vehicles so far.
    plates: Option<Vec<String>>,
}

impl TypeGroup {
    fn new(role: Role) -> Self {
        Self { last: None, plates: (role == Role::Employee).then(Vec::new) }
    }

    /// Adds a vehicle; its type is the same as before or a new one.
    fn add(&mut self, vehicle: ListedVehicle, json: &mut Json) -> Result<(), serde_json::Error> {
        if self.last.as_ref().is_none_or(|last| last.type_code != vehicle.type_code) {
            self.close(json)?;
            json.write(if self.last.is_some() { r#",{"ref_key":"# } else { r#"{"ref_key":"# });
            json.value(&vehicle.type_code.as_ref().map(TypeCode::to_string).unwrap_or_default())?;
            json.open_list(r#","vehicles":["#);
        }
        if let Some(plates) = &mut self.plates {
            plates.push(vehicle.plate_number.clone());
        }
        self.last = Some(vehicle.clone());
        json.item(&VehicleChoice::from(vehicle))
    }

    /// Ends the type, if there is one.
    fn close(&mut self, json: &mut Json) -> Result<(), serde_json::Error> {
        if self.last.is_none() {
            return Ok(());
        }
        json.write("]");
        if let Some(plates) = &mut self.plates {
            json.write(r#","plate_numbers":"#);
            json.value(&std::mem::take(plates))?;
        }
        json.write("}");
        Ok(())
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::List(error) => error.into(),
            WriteError::Json(error) => {
                tracing::error!(%error, "a row could not be serialized");
                problem::internal()
            }
        }
    }
}
