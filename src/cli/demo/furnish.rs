//! The reports of a house. Those that are there stay as they are; missing ones are added.

use std::collections::HashMap;

use super::cast::{ALPHA, Company, move_in};
use super::fleet::{COACH, HATCHBACK, LORRY, MINIVAN, SEDAN, TIPPER, Vehicle, WAGON, park};
use super::keys::Keys;
use super::today::Today;
use crate::database::{Database, DatabaseError, NewReport};
use crate::model::{RefKey, ReportStatus, VehicleGuid, due_at};

struct Planned {
    vehicle: &'static Vehicle,
    status: ReportStatus,
    /// First day and deadline, in days from today.
    days: [i64; 2],
}

const fn planned(vehicle: &'static Vehicle, status: ReportStatus, days: [i64; 2]) -> Planned {
    Planned { vehicle, status, days }
}

use ReportStatus::{Accepted, Rejected, Submit, Submitted};

/// What every house has: all four states for cars, buses and lorries, some overdue, some long past,
/// and somebody else's.
const PLAN: [Planned; 24] = [
    planned(&SEDAN, Submit, [-3, 7]),
    planned(&COACH, Submit, [-20, -6]),
    planned(&SEDAN, Rejected, [-9, 2]),
    planned(&COACH, Submitted, [-5, 5]),
    planned(&SEDAN, Accepted, [-40, -30]),
    planned(&COACH, Accepted, [-70, -60]),
    planned(&HATCHBACK, Submit, [-1, 9]),
    planned(&HATCHBACK, Rejected, [-15, -2]),
    planned(&HATCHBACK, Accepted, [-46, -36]),
    planned(&WAGON, Rejected, [-25, -11]),
    planned(&WAGON, Submitted, [-4, 6]),
    planned(&WAGON, Accepted, [-100, -90]),
    planned(&WAGON, Accepted, [-190, -180]),
    planned(&MINIVAN, Submitted, [-8, 1]),
    planned(&MINIVAN, Accepted, [-38, -28]),
    planned(&MINIVAN, Accepted, [-68, -58]),
    planned(&LORRY, Submit, [-2, 12]),
    planned(&LORRY, Submitted, [-31, -21]),
    planned(&LORRY, Accepted, [-61, -51]),
    planned(&LORRY, Accepted, [-370, -360]),
    planned(&TIPPER, Submit, [0, 0]),
    planned(&TIPPER, Accepted, [-30, -16]),
    planned(&SEDAN, Accepted, [-160, -150]),
    planned(&WAGON, Submit, [-1, 13]),
];

/// Why reports were rejected: the document's own example.
const REASON: &str = "Плохое качество видеоматериала";

/// What follows the plan.
const MORE: Planned = planned(&SEDAN, ReportStatus::Submit, [-1, 13]);

/// The plan of the report with this number, counted from zero.
fn plan(number: usize) -> &'static Planned {
    PLAN.get(number).unwrap_or(&MORE)
}

/// A report as it stands.
pub(super) struct Standing {
    pub(super) ref_key: RefKey,
    pub(super) status: ReportStatus,
    pub(super) company: &'static Company,
    pub(super) vehicle: VehicleGuid,
}

impl Standing {
    fn new(number: usize, ref_key: RefKey, status: ReportStatus) -> Self {
        let vehicle = plan(number).vehicle;
        Self { ref_key, status, company: vehicle.company(), vehicle: vehicle.guid.into() }
    }
}

/// Furnishes the database with this house and `more` open reports. At least one report of Alpha's
/// waits for a video afterwards. Returns the house's reports as they stand.
pub(super) async fn furnish(
    database: &Database,
    keys: &Keys,
    more: usize,
    today: &Today,
) -> anyhow::Result<Vec<Standing>> {
    move_in(database).await?;
    park(database, today).await?;
    let mut reports = standing(database, keys).await?;
    let planned = 0..reports.len().min(PLAN.len());
    let dated: Vec<_> = planned
        .map(|number| report(number, keys.report(number), today))
        .collect::<Result<_, _>>()?;
    // The house may have been furnished weeks ago; what was due in a week is so again.
    database.date_reports(&dated).await?;
    let due = next_open(&reports).is_none();
    let wanted = (PLAN.len() + more).max(reports.len() + usize::from(due));
    let mut new = Vec::new();
    for number in reports.len()..wanted {
        new.push(report(number, keys.report(number), today)?);
        reports.push(Standing::new(number, keys.report(number), plan(number).status));
    }
    database.add_reports(&new).await?;
    Ok(reports)
}

/// Alpha's first report that waits for a video.
pub(super) fn next_open(reports: &[Standing]) -> Option<RefKey> {
    let waits = |report: &&Standing| report.company.id == ALPHA.id && report.status.is_open();
    reports.iter().find(waits).map(|report| report.ref_key)
}

/// The reports that are there, as they stand: their numbers have no gaps.
async fn standing(database: &Database, keys: &Keys) -> Result<Vec<Standing>, DatabaseError> {
    // There may be a hundred thousand of these, so they are not asked for one by one.
    let open = database.open_reports(ALPHA.id).await?;
    let open: HashMap<_, _> = open.iter().map(|row| (row.ref_key, row.status)).collect();
    let mut reports = Vec::new();
    loop {
        let ref_key = keys.report(reports.len());
        let status = match open.get(&ref_key) {
            Some(status) => Some(*status),
            None => database.report(ref_key).await?.map(|row| row.status),
        };
        let Some(status) = status else { return Ok(reports) };
        reports.push(Standing::new(reports.len(), ref_key, status));
    }
}

fn report(number: usize, ref_key: RefKey, today: &Today) -> anyhow::Result<NewReport> {
    let Planned { vehicle, status, days: [first, last] } = plan(number);
    let finishes_at = Some(today.plus(*last)?);
    Ok(NewReport {
        ref_key,
        company: vehicle.company().id,
        vehicle: vehicle.guid.into(),
        report_number: format!("{:09}", number + 1),
        contract_number: vehicle.contract.number.to_owned(),
        starts_at: Some(today.plus(*first)?),
        finishes_at,
        due_at: due_at(finishes_at, today.zone()),
        status: *status,
        reject_reason: if *status == Rejected { REASON.to_owned() } else { String::new() },
    })
}
