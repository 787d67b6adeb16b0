//! Applies changes in their order: consecutive changes of one kind by one statement, the others one by
//! one.

use std::collections::{HashMap, HashSet};

use crate::database::column::params;
use crate::database::config::EmployeesSee;
use crate::database::error::DatabaseError;
use crate::database::pool::Write;
use crate::database::statement::query;
use crate::model::ReportStatus;

use super::bulk::{Row, Upsert, WrittenRows, upsert};
use super::changes::{Change, ChangeOutcome, ChangeSource, VehicleChange};
use super::known::{Known, lock_companies};
use super::notifications::{Notifications, decision, reports_before};
use super::report_rows::{SentFields, report_row, reports};
use super::{customers, deletions, fleet_rows};

/// A kind of change that is written in bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Types,
    Vehicles,
    Contracts,
    Reports(SentFields),
    Assignments,
}

/// Applies the changes and returns the outcome of each, in the same order. `employees_see` decides which
/// drivers are notified of new reports.
pub(super) async fn apply(
    write: &mut Write,
    changes: &[Change],
    employees_see: EmployeesSee,
    source: ChangeSource<'_>,
) -> Result<Vec<ChangeOutcome>, DatabaseError> {
    lock_companies(write, changes).await?;
    let mut known = Known::look_up(write, changes).await?;
    let mut notifications = Notifications::default();
    let mut outcomes = Vec::with_capacity(changes.len());
    let mut rest = changes;
    while let Some(first) = rest.first() {
        let (run_changes, after) = rest.split_at(run_length(rest));
        rest = after;
        match run_of(first) {
            Some((run, _)) => {
                // Empty unless the changes are reports.
                let before = reports_before(write, run_changes).await?;
                let (written, run_outcomes) =
                    apply_run(write, &mut known, run, run_changes, source).await?;
                notifications.collect(write, run_changes, &before, &written, source).await?;
                outcomes.extend(run_outcomes);
            }
            None => outcomes.push(apply_one(write, &mut known, first, source).await?),
        }
    }
    notifications.send(write, employees_see, source).await?;
    Ok(outcomes)
}

/// The kind and the key of a change that is written in bulk; `None` for one that is applied on its own.
fn run_of(change: &Change) -> Option<(Run, String)> {
    Some(match change {
        Change::VehicleType(change) => (Run::Types, change.code.to_string()),
        Change::Vehicle(change) => (Run::Vehicles, change.guid.to_string()),
        Change::Contract(change) => (Run::Contracts, change.key.to_string()),
        Change::Report(change) => {
            (Run::Reports(SentFields::of(change)), change.ref_key.to_string())
        }
        Change::Assignment(change) => (Run::Assignments, change.key.to_string()),
        _ => return None,
    })
}

/// How many changes at the start are of one kind and have distinct keys: PostgreSQL does not let an
/// upsert change a row twice.
fn run_length(changes: &[Change]) -> usize {
    let Some((run, _)) = changes.first().and_then(run_of) else { return 1 };
    let mut keys = HashSet::new();
    let together = |change: &&Change| {
        run_of(change).is_some_and(|(other, key)| other == run && keys.insert(key))
    };
    changes.iter().take_while(together).count()
}

async fn apply_one(
    write: &mut Write,
    known: &mut Known,
    change: &Change,
    source: ChangeSource<'_>,
) -> Result<ChangeOutcome, DatabaseError> {
    match change {
        Change::Company(change) => customers::company(write, known, change, source).await,
        Change::User(change) => customers::user(write, known, change, source).await,
        Change::Deletion(deletion) => deletions::delete(write, deletion, source).await,
        Change::Decision(change) => decision(write, change, source).await,
        // The other kinds are written in bulk.
        _ => Ok(ChangeOutcome::NotFound),
    }
}

async fn apply_run(
    write: &mut Write,
    known: &mut Known,
    run: Run,
    changes: &[Change],
    source: ChangeSource<'_>,
) -> Result<(WrittenRows, Vec<ChangeOutcome>), DatabaseError> {
    let mut rows = Vec::with_capacity(changes.len());
    let mut unknown = HashMap::new();
    for (at, change) in changes.iter().enumerate() {
        match row(change, known, source) {
            Ok(row) => rows.push(row),
            Err(field) => {
                unknown.insert(at, field);
            }
        }
    }
    let written = upsert(write, &statement(run), rows).await?;
    let mut outcomes = Vec::with_capacity(changes.len());
    for (at, change) in changes.iter().enumerate() {
        let outcome = unknown.get(&at).map_or_else(
            || outcome(change, &written),
            |field| ChangeOutcome::UnknownReference(field),
        );
        if matches!(outcome, ChangeOutcome::Applied | ChangeOutcome::StatusKept(_)) {
            copy_type(write, known, change).await?;
            remember(known, change);
        }
        outcomes.push(outcome);
    }
    Ok((written, outcomes))
}

fn statement(run: Run) -> Upsert {
    match run {
        Run::Types => fleet_rows::types(),
        Run::Vehicles => fleet_rows::vehicles(),
        Run::Contracts => fleet_rows::contracts(),
        Run::Reports(said) => reports(said),
        Run::Assignments => fleet_rows::assignments(),
    }
}

fn row(change: &Change, known: &Known, source: ChangeSource<'_>) -> Result<Row, &'static str> {
    match change {
        Change::VehicleType(change) => Ok(fleet_rows::type_row(change)),
        Change::Vehicle(change) => fleet_rows::vehicle_row(change, known),
        Change::Contract(change) => fleet_rows::contract_row(change, known),
        Change::Report(change) => report_row(change, known, source),
        Change::Assignment(change) => fleet_rows::assignment_row(change, known),
        // The other kinds are not written in bulk.
        _ => Ok(Row::new()),
    }
}

/// The review queue filters reports by the type of their vehicle, which they have in a column of their own: a
/// join would read the whole queue where the type is rare.
async fn copy_type(write: &mut Write, known: &Known, change: &Change) -> Result<(), DatabaseError> {
    let Change::Vehicle(VehicleChange { guid, code, company, .. }) = change else { return Ok(()) };
    let is_new_type = known.vehicles.get(guid).is_some_and(|known| *known != code.to_string());
    let Some(company) = known.companies.get(company).filter(|_| is_new_type) else { return Ok(()) };
    let sql = "UPDATE reports SET type_code = $1 \
        WHERE company_id = $2 AND vehicle_guid = $3 AND deleted = 0";
    query(sql, params![code, company, guid]).run(&mut *write).await
}

/// Makes the object known to later changes of the message, which may refer to it.
fn remember(known: &mut Known, change: &Change) {
    match change {
        Change::VehicleType(change) => {
            known.types.insert(change.code);
        }
        Change::Vehicle(change) => {
            known.vehicles.insert(change.guid, change.code.to_string());
        }
        Change::Contract(change) => {
            known.contracts.insert(change.key, change.number.clone());
        }
        _ => {}
    }
}

fn outcome(change: &Change, written: &WrittenRows) -> ChangeOutcome {
    let Some(written) = run_of(change).and_then(|(_, key)| written.get(&key)) else {
        return ChangeOutcome::Older;
    };
    let sent = match change {
        Change::Report(report) => report.status,
        _ => None,
    };
    match ReportStatus::try_from(written.status) {
        Ok(kept) if sent.is_some_and(|sent| sent != kept) => ChangeOutcome::StatusKept(kept),
        _ => ChangeOutcome::Applied,
    }
}
