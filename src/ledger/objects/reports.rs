//! Reports as 1C sends them. Its state is taken, but for one thing: "a video is awaited" (1) never
//! overwrites "a video has arrived" (2), because 1C cannot have heard of that submission yet.

use crate::model::ReportStatus;

use super::super::rows::{micros, or_empty};
use super::bulk::{Row, Upsert};
use super::changes::{ReportChange, Saying};
use super::known::Known;

/// What of a report 1C may leave unsaid; the statement differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    status: bool,
    reason: bool,
}

impl Said {
    pub(super) const fn of(change: &ReportChange) -> Self {
        Self { status: change.status.is_some(), reason: change.reject_reason.is_some() }
    }
}

/// The state moves.
const MOVES: &str = "excluded.status_code <> reports.status_code \
                     AND NOT (excluded.status_code = 1 AND reports.status_code = 2)";
/// The state moves by a decision.
const DECIDES: &str =
    "excluded.status_code IN (3, 4) AND excluded.status_code <> reports.status_code";

pub(super) fn reports(said: Said) -> Upsert {
    Upsert {
        head: "INSERT INTO reports (ref_key, version, company_id, vehicle_guid, contract_ref, \
               report_number, contract_number, starts_at, finishes_at, due_at, status_code, \
               reject_reason, decided_at, decided_by)",
        columns: 14,
        tail: tail(said),
    }
}

fn tail(said: Said) -> String {
    let state = if said.status { state() } else { String::new() };
    let reason = match said {
        Said { reason: true, .. } => "reject_reason = excluded.reject_reason,".to_owned(),
        // A new decision without a reason does not keep that of the one before.
        Said { status: true, .. } => {
            format!("reject_reason = CASE WHEN {DECIDES} THEN '' ELSE reports.reject_reason END,")
        }
        _ => String::new(),
    };
    // What was decided anew, or has another deadline, is reminded of anew.
    let anew = if said.status { DECIDES } else { "1 = 0" };
    format!(
        "ON CONFLICT (ref_key) DO UPDATE SET company_id = excluded.company_id, \
         vehicle_guid = excluded.vehicle_guid, contract_ref = excluded.contract_ref, \
         report_number = excluded.report_number, contract_number = excluded.contract_number, \
         starts_at = excluded.starts_at, finishes_at = excluded.finishes_at, {state} {reason} \
         reminded_at = CASE WHEN excluded.due_at <> reports.due_at OR ({anew}) THEN 0 \
         ELSE reports.reminded_at END, due_at = excluded.due_at, gone = 0, \
         version = CASE WHEN excluded.version = 0 THEN reports.version ELSE excluded.version END \
         WHERE excluded.version = 0 OR excluded.version > reports.version \
         RETURNING ref_key, status_code AS state, decided_at AS at"
    )
}

fn state() -> String {
    format!(
        "status_code = CASE WHEN {MOVES} THEN excluded.status_code ELSE reports.status_code END, \
         revision = reports.revision + CASE WHEN {MOVES} THEN 1 ELSE 0 END, \
         decided_at = CASE WHEN {DECIDES} THEN excluded.decided_at ELSE reports.decided_at END, \
         decided_by = CASE WHEN {DECIDES} THEN excluded.decided_by ELSE reports.decided_by END,"
    )
}

pub(super) fn report_row(
    change: &ReportChange,
    known: &Known,
    saying: Saying<'_>,
) -> Result<Row, &'static str> {
    let company = known.company(change.company)?;
    known.vehicle(change.vehicle)?;
    let number = known.contract(change.contract)?;
    let status = change.status.unwrap_or(ReportStatus::Submit);
    let decided = matches!(status, ReportStatus::Accepted | ReportStatus::Rejected);
    Ok(vec![
        change.ref_key.to_string().into(),
        change.version.into(),
        company.0.into(),
        change.vehicle.to_string().into(),
        or_empty(change.contract.as_ref()).into(),
        change.report_number.as_str().into(),
        change.contract_number.as_deref().unwrap_or(number).into(),
        micros(change.starts_at).into(),
        micros(change.finishes_at).into(),
        change.due_at.as_microsecond().into(),
        status.code().into(),
        change.reject_reason.as_deref().unwrap_or_default().into(),
        if decided { saying.post.now.as_microsecond() } else { 0 }.into(),
        if decided { saying.decider() } else { String::new() }.into(),
    ])
}
