//! Notifications about the reports that a message changes: new ones to film, and decisions.

use std::collections::HashMap;

use sqlx::FromRow;

use crate::database::column::Stored;
use crate::database::config::EmployeesSee;
use crate::database::error::DatabaseError;
use crate::database::outbox::pushes::push_about;
use crate::database::pool::Write;
use crate::database::reports::decisions::{DecisionOutcome, NewDecision, decide, enqueue_decision};
use crate::model::{Decision, PushKind, RefKey, ReportStatus};

use super::bulk::{WrittenRows, look_up};
use super::changes::{Change, ChangeOutcome, ChangeSource, DecisionChange, ReportChange};

/// Collects the new reports of a message.
#[derive(Default)]
pub(super) struct Notifications {
    /// New reports that await a video.
    assigned: Vec<RefKey>,
}

/// A report before the upsert.
#[derive(FromRow)]
pub(super) struct Before {
    ref_key: String,
    revision: i64,
    company_id: i64,
    #[sqlx(try_from = "Stored<bool>")]
    deleted: bool,
}

/// The existing reports among those of the changes, before the upsert, by key.
pub(super) async fn reports_before(
    write: &mut Write,
    changes: &[Change],
) -> Result<HashMap<String, Before>, DatabaseError> {
    let keys = reports(changes).map(|report| report.ref_key);
    let select = "SELECT ref_key, revision, company_id, deleted FROM reports WHERE ref_key IN";
    let states: Vec<Before> = look_up(write, select, keys).await?;
    Ok(states.into_iter().map(|before| (before.ref_key.clone(), before)).collect())
}

fn reports(changes: &[Change]) -> impl Iterator<Item = &ReportChange> {
    changes.iter().filter_map(|change| match change {
        Change::Report(report) => Some(report),
        _ => None,
    })
}

impl Notifications {
    /// Collects the new reports, and enqueues the decisions at once, so that they keep their order.
    pub(super) async fn collect(
        &mut self,
        write: &mut Write,
        changes: &[Change],
        before: &HashMap<String, Before>,
        written: &WrittenRows,
        source: ChangeSource<'_>,
    ) -> Result<(), DatabaseError> {
        for report in reports(changes) {
            let key = report.ref_key.to_string();
            let Some(now) = written.get(&key) else { continue };
            let status = ReportStatus::try_from(now.status).ok();
            let was = before.get(&key);
            // The people of its company have not seen it before.
            let new = was.is_none_or(|was| was.deleted || was.company_id != now.company);
            if new && status.is_some_and(ReportStatus::is_open) {
                self.assigned.push(report.ref_key);
            }
            // A concurrent decision also changes the revision, but not `decided_at` to the time of this
            // message.
            let moved = was.is_some_and(|was| was.revision != now.revision);
            if moved
                && now.decided_at == source.context.now.as_microsecond()
                && let Some(decision) = status.and_then(|status| by_state(report, status, source))
            {
                enqueue_decision(write, &decision, &source.context).await?;
            }
        }
        Ok(())
    }

    /// Enqueues the notifications of new reports, one per device for the whole message.
    pub(super) async fn send(
        self,
        write: &mut Write,
        employees_see: EmployeesSee,
        source: ChangeSource<'_>,
    ) -> Result<(), DatabaseError> {
        if self.assigned.is_empty() {
            return Ok(());
        }
        push_about(write, PushKind::Assigned, &self.assigned, employees_see, &source.context).await
    }
}

/// The decision that the new status of a report means.
fn by_state(
    report: &ReportChange,
    status: ReportStatus,
    source: ChangeSource<'_>,
) -> Option<NewDecision> {
    let decision = match status {
        ReportStatus::Approved => Decision::Approve,
        ReportStatus::Rejected => Decision::Reject,
        ReportStatus::AwaitingVideo | ReportStatus::Submitted => return None,
    };
    Some(NewDecision {
        ref_key: report.ref_key,
        decision,
        reason: report.reject_reason.clone().unwrap_or_default(),
        rejection: None,
        version: None,
        scope: None,
        actor: source.decider(),
    })
}

/// Applies an item of the type `decision`.
pub(super) async fn decision(
    write: &mut Write,
    change: &DecisionChange,
    source: ChangeSource<'_>,
) -> Result<ChangeOutcome, DatabaseError> {
    let decision = NewDecision {
        ref_key: change.ref_key,
        decision: change.decision,
        reason: change.reject_reason.clone(),
        rejection: None,
        version: change.revision,
        scope: None,
        actor: source.decider(),
    };
    Ok(match decide(write, &decision, &source.context).await? {
        DecisionOutcome::Done(_) => ChangeOutcome::Applied,
        DecisionOutcome::Conflict(state) => {
            ChangeOutcome::Stale { status: state.status, revision: state.version }
        }
        DecisionOutcome::NoReport => ChangeOutcome::NoReport,
    })
}
