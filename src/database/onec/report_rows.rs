//! Upserts of reports. 1C sends the status with every edit of a report, so a status is applied only if
//! it differs from the one that 1C sent last. Otherwise a new deadline would revert a submission or a
//! decision that 1C does not know yet. Status 1 (waits for a video) never overwrites 2 (submitted).

use crate::database::column::params;
use crate::model::ReportStatus;
use crate::model::search_key::{number_key, search_key};

use super::bulk::{Row, Upsert};
use super::changes::{ChangeSource, ReportChange};
use super::known::Known;

/// Which optional fields of a report 1C has sent. The statement depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SentFields {
    status: bool,
    reason: bool,
}

impl SentFields {
    pub(super) const fn of(change: &ReportChange) -> Self {
        Self { status: change.status.is_some(), reason: change.reject_reason.is_some() }
    }
}

/// 1C sends another status than last time.
const STATUS_CHANGED: &str = "excluded.onec_status_code <> reports.onec_status_code";
/// 1C sends another reason than last time.
const REASON_CHANGED: &str = "excluded.onec_reject_reason <> reports.onec_reject_reason";
/// The status that 1C sends is outdated: 1C does not know a submission yet, or a decision that was made
/// here.
const OUTDATED: &str = "(excluded.status_code = 1 AND reports.status_code = 2 \
                        OR excluded.status_code = 2 AND reports.status_code IN (3, 4) \
                        AND (reports.status_code <> reports.onec_status_code \
                        OR reports.reject_reason <> reports.onec_reject_reason))";

pub(super) fn reports(sent: SentFields) -> Upsert {
    Upsert {
        head: "INSERT INTO reports (ref_key, version, company_id, vehicle_guid, contract_ref, \
               report_number, contract_number, starts_at, finishes_at, due_at, status_code, \
               reject_reason, decided_at, decided_by, onec_status_code, onec_reject_reason, \
               number_key, contract_key, type_code)"
            .to_owned(),
        columns: 19,
        tail: sent.tail(),
    }
}

impl SentFields {
    fn tail(self) -> String {
        let (state, decision) = (self.state(), self.is_decision());
        format!(
            "ON CONFLICT (ref_key) DO UPDATE SET company_id = excluded.company_id, \
             vehicle_guid = excluded.vehicle_guid, contract_ref = excluded.contract_ref, \
             report_number = excluded.report_number, contract_number = excluded.contract_number, \
             number_key = excluded.number_key, contract_key = excluded.contract_key, \
             type_code = excluded.type_code, \
             starts_at = excluded.starts_at, finishes_at = excluded.finishes_at, {state} \
             reminded_at = CASE WHEN excluded.due_at <> reports.due_at OR {decision} THEN 0 \
             ELSE reports.reminded_at END, due_at = excluded.due_at, deleted = 0, \
             version = CASE WHEN excluded.version = 0 THEN reports.version \
             ELSE excluded.version END \
             WHERE excluded.version = 0 OR excluded.version > reports.version \
             RETURNING ref_key, status_code AS state, decided_at AS at, revision, \
             company_id AS company"
        )
    }

    /// SQL: the status that 1C sends, or else the stored one.
    const fn new_status(self) -> &'static str {
        if self.status { "excluded.status_code" } else { "reports.status_code" }
    }

    /// SQL: whether the status changes. 1C sends another status than last time, or rejects again for
    /// another reason.
    fn status_changes(self) -> String {
        if !self.status {
            return "1 = 0".to_owned();
        }
        let new_reason = if self.reason { REASON_CHANGED } else { "1 = 0" };
        format!(
            "(({STATUS_CHANGED} OR excluded.status_code = 4 AND {new_reason}) \
             AND excluded.status_code <> reports.status_code AND NOT {OUTDATED})"
        )
    }

    /// SQL: whether the status stays and its reason changes.
    fn reason_changes(self) -> String {
        if !self.reason {
            return "1 = 0".to_owned();
        }
        let new_status = self.new_status();
        format!(
            "({new_status} = reports.status_code AND {REASON_CHANGED} \
             AND excluded.reject_reason <> reports.reject_reason)"
        )
    }

    /// SQL: whether this is a decision, that is a new status 3 or 4, or a new reason of a rejection.
    fn is_decision(self) -> String {
        if !self.status {
            return "1 = 0".to_owned();
        }
        let (status, reason) = (self.status_changes(), self.reason_changes());
        format!(
            "({status} AND excluded.status_code IN (3, 4) OR {reason} AND reports.status_code = 4)"
        )
    }

    fn state(self) -> String {
        let (status, decision) = (self.status_changes(), self.is_decision());
        // A new decision without a reason clears the reason of the previous one.
        let reason = if self.reason {
            format!("{status} OR {}", self.reason_changes())
        } else {
            decision.clone()
        };
        let onec_status_code =
            if self.status { "excluded.onec_status_code" } else { "reports.onec_status_code" };
        let onec_reject_reason = if self.reason { "1 = 1" } else { decision.as_str() };
        format!(
            "status_code = CASE WHEN {status} THEN excluded.status_code ELSE reports.status_code \
             END, reject_reason = CASE WHEN {reason} THEN excluded.reject_reason ELSE \
             reports.reject_reason END, rejection = CASE WHEN {reason} THEN '' ELSE \
             reports.rejection END, revision = reports.revision + CASE WHEN {status} OR \
             {decision} THEN 1 ELSE 0 END, decided_at = CASE WHEN {decision} THEN \
             excluded.decided_at ELSE reports.decided_at END, decided_by = CASE WHEN {decision} \
             THEN excluded.decided_by ELSE reports.decided_by END, onec_status_code = \
             {onec_status_code}, onec_reject_reason = CASE WHEN {onec_reject_reason} THEN \
             excluded.onec_reject_reason ELSE reports.onec_reject_reason END,"
        )
    }
}

pub(super) fn report_row(
    change: &ReportChange,
    known: &Known,
    source: ChangeSource<'_>,
) -> Result<Row, &'static str> {
    let company = known.company(change.company)?;
    let type_code = known.vehicle(change.vehicle)?;
    let number = known.contract(change.contract)?;
    let status = change.status.unwrap_or(ReportStatus::AwaitingVideo);
    let decided = matches!(status, ReportStatus::Approved | ReportStatus::Rejected);
    let contract_number = change.contract_number.as_deref().unwrap_or(number);
    Ok(params![
        change.ref_key,
        change.version,
        company,
        change.vehicle,
        change.contract,
        change.report_number,
        contract_number,
        change.starts_at,
        change.finishes_at,
        change.due_at,
        status,
        change.reject_reason.as_deref().unwrap_or_default(),
        decided.then_some(source.context.now),
        decided.then(|| source.decider()),
        change.status,
        change.reject_reason.as_deref().unwrap_or_default(),
        number_key(&change.report_number),
        search_key(contract_number),
        type_code
    ])
}
