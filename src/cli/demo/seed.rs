//! The demo's companies, users, vehicles and reports, sent to the service as 1C sends them.
//!
//! Every run sends the same objects without a version, so that a folder that has them keeps its
//! reports and their states; only the dates move with the clock.

use std::collections::HashMap;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::keys::Keys;
use crate::app::App;
use crate::database::{Block, ReportFilter, Scope};
use crate::model::{RefKey, ReportStatus};

/// The objects of 1C's messages. Dates are days from today. Some fields of a report are those of its
/// vehicle, and are added here.
const DATA: &str = include_str!("data.json");
/// The pictures of the vehicle types: a car, a bus, a lorry.
const PICTURES: [(&str, &[u8]); 3] = [
    ("b71e9ff8-1664-11ea-8dad-1831bf7dd029", include_bytes!("pictures/car.png")),
    ("b71ea040-1664-11ea-8dad-1831bf7dd029", include_bytes!("pictures/bus.png")),
    ("b71ea01f-1664-11ea-8dad-1831bf7dd029", include_bytes!("pictures/truck.png")),
];
/// The node of 1C the objects come from. Not that of the demo's account for 1C, whose message
/// numbers belong to the person who tries it.
const NODE: &str = "demo";
/// Reports read at a time.
const PAGE: i64 = 1000;

type Object = Map<String, Value>;

#[derive(Deserialize)]
struct Data {
    objects: Vec<Object>,
    reports: Vec<Object>,
    extra_report: Object,
    /// The extra reports take these vehicles in rotation.
    extra_vehicles: Vec<Value>,
}

/// A report as `demo.json` shows it.
pub(super) struct DemoReport {
    pub(super) ref_key: RefKey,
    pub(super) status: ReportStatus,
    /// BIN or IIN of its company.
    pub(super) company: String,
    pub(super) vehicle: String,
}

/// Sends the demo data to the service.
pub(super) struct Seeder<'a> {
    app: &'a App,
    keys: &'a Keys,
    now: Timestamp,
    today: Date,
    data: Data,
}

impl<'a> Seeder<'a> {
    pub(super) fn new(app: &'a App, keys: &'a Keys, now: Timestamp) -> anyhow::Result<Self> {
        let today = now.to_zoned_datetime(app.settings.leasing.time_zone.clone()).date();
        Ok(Self { app, keys, now, today, data: serde_json::from_str(DATA)? })
    }

    /// Sends the objects, with at least `extra` open reports more than the demo always has. One report
    /// of the company `biin` waits for a video afterwards. Returns all of the demo's reports.
    pub(super) async fn seed(&self, extra: usize, biin: &str) -> anyhow::Result<Vec<DemoReport>> {
        let planned = self.data.reports.len();
        let mut items = self.data.objects.clone();
        items
            .extend((0..planned).map(|number| self.report(number)).collect::<Result<Vec<_>, _>>()?);
        self.send(items, 0).await?;
        self.store_pictures().await?;
        let mut reports = self.existing_reports().await?;
        let is_ready = next_open(&reports, biin).is_some();
        let count = (planned + extra).max(reports.len() + usize::from(!is_ready));
        let numbers = reports.len()..count;
        let new: Vec<_> =
            numbers.clone().map(|number| self.report(number)).collect::<Result<_, _>>()?;
        self.send(new, 1).await?;
        for number in numbers {
            reports.push(self.demo_report(number, ReportStatus::AwaitingVideo)?);
        }
        Ok(reports)
    }

    async fn store_pictures(&self) -> anyhow::Result<()> {
        for (vehicle_type, picture) in PICTURES {
            let picture = Bytes::from_static(picture);
            self.app.state.pictures.store(vehicle_type.parse()?, picture).await?;
        }
        Ok(())
    }

    /// Report `number` as 1C sends it.
    fn report(&self, number: usize) -> anyhow::Result<Object> {
        let mut report = match self.data.reports.get(number) {
            Some(report) => report.clone(),
            None => self.extra_report(number - self.data.reports.len()),
        };
        let vehicle = self.object(&report["vehicle_ref"])?;
        for field in ["company_ref", "contract_ref"] {
            report.insert(field.to_owned(), vehicle[field].clone());
        }
        report.insert("type".to_owned(), "report".into());
        report.insert("ref_key".to_owned(), json!(self.keys.report_key(number)));
        report.insert("report_number".to_owned(), format!("{:09}", number + 1).into());
        Ok(report)
    }

    /// An extra report. Deadlines and vehicles vary, so that lists look real.
    fn extra_report(&self, number: usize) -> Object {
        let mut report = self.data.extra_report.clone();
        let mut vehicles = self.data.extra_vehicles.iter().cycle().skip(number);
        if let Some(vehicle) = vehicles.next() {
            report.insert("vehicle_ref".to_owned(), vehicle.clone());
        }
        report.insert("date_finish".to_owned(), json!(2 + number % 12));
        report
    }

    /// Extra reports without a video: as many as need one so that `wanted` reports wait for a reviewer.
    pub(super) fn without_video(
        &self,
        reports: &[DemoReport],
        wanted: usize,
        except: RefKey,
    ) -> Vec<RefKey> {
        let extra = || reports.iter().skip(self.data.reports.len());
        let waiting = extra().filter(|report| report.status == ReportStatus::Submitted).count();
        let open = extra().filter(|report| report.status.is_open() && report.ref_key != except);
        open.map(|report| report.ref_key).take(wanted.saturating_sub(waiting)).collect()
    }

    fn demo_report(&self, number: usize, status: ReportStatus) -> anyhow::Result<DemoReport> {
        let report = self.report(number)?;
        let company = self.object(&report["company_ref"])?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (company, vehicle) = (text(&company["biin"]), text(&report["vehicle_ref"]));
        Ok(DemoReport { ref_key: self.keys.report_key(number), status, company, vehicle })
    }

    fn object(&self, ref_key: &Value) -> anyhow::Result<&Object> {
        let object = self.data.objects.iter().find(|object| object["ref_key"] == *ref_key);
        object.with_context(|| format!("the demo data has no object {ref_key}"))
    }

    /// Sends the objects in messages, numbered by the clock: each run's numbers are new. `batch` tells
    /// the two calls of one run apart.
    async fn send(&self, mut items: Vec<Object>, batch: i64) -> anyhow::Result<()> {
        for item in &mut items {
            set_dates(item, self.today)?;
        }
        let mut message_no = self.now.as_microsecond() + batch;
        for chunk in items.chunks(self.app.state.inbox.config.max_items) {
            let message = json!({ "node": NODE, "message_no": message_no, "items": chunk });
            let reply = self.app.state.inbox.receive(NODE, message.to_string().as_bytes()).await?;
            check_reply(&reply)?;
            message_no += 2;
        }
        Ok(())
    }

    /// The reports that are there: their numbers have no gaps.
    async fn existing_reports(&self) -> anyhow::Result<Vec<DemoReport>> {
        let mut statuses = HashMap::new();
        for company in self.data.objects.iter().filter(|object| object["type"] == "company") {
            let biin = company["biin"].as_str().unwrap_or_default();
            for block in [Block::Important, Block::General] {
                self.read_statuses(biin, block, &mut statuses).await?;
            }
        }
        let mut reports = Vec::new();
        while let Some(status) = statuses.get(&self.keys.report_key(reports.len())) {
            reports.push(self.demo_report(reports.len(), *status)?);
        }
        Ok(reports)
    }

    async fn read_statuses(
        &self,
        biin: &str,
        block: Block,
        statuses: &mut HashMap<RefKey, ReportStatus>,
    ) -> anyhow::Result<()> {
        let company = self.app.database.company_by_biin(biin).await?;
        let company = company.with_context(|| format!("there is no company {biin}"))?;
        let scope = Scope { company, only: None };
        let wanted =
            ReportFilter { scope, status: None, ends_after: None, vehicle: None, now: self.now };
        let mut last = None;
        loop {
            let page = self.app.database.report_page(&wanted, block, last.as_ref(), PAGE).await?;
            statuses.extend(page.iter().map(|report| (report.ref_key, report.status)));
            match page.last() {
                Some(report) => last = Some(report.page_cursor()),
                None => return Ok(()),
            }
        }
    }
}

/// The company's first report that waits for a video.
pub(super) fn next_open(reports: &[DemoReport], biin: &str) -> Option<RefKey> {
    let is_open = |report: &&DemoReport| report.company == biin && report.status.is_open();
    reports.iter().find(is_open).map(|report| report.ref_key)
}

/// Turns days from today into dates.
fn set_dates(object: &mut Object, today: Date) -> anyhow::Result<()> {
    for (name, value) in object {
        if let (true, Some(days)) = (name.starts_with("date_"), value.as_i64()) {
            *value = today.checked_add(days.days())?.to_string().into();
        }
    }
    Ok(())
}

fn check_reply(reply: &str) -> anyhow::Result<()> {
    let reply: Value = serde_json::from_str(reply)?;
    let results = reply["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(!results.is_empty(), "the reply to the demo data has no results");
    match results.iter().find(|result| result["ok"] != true) {
        Some(refused) => bail!("demo data refused: {}: {}", refused["ref_key"], refused["message"]),
        None => Ok(()),
    }
}
