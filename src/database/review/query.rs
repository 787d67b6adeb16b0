//! Which reports a queue contains, as parts of a statement.

use jiff::Timestamp;

use crate::database::statement::Statement;
use crate::model::plausibility::Outcome;
use crate::model::{CompanyId, ReportStatus, TypeCode, VideoCodec};

use super::search::SearchKeys;

/// Which reports a queue contains.
#[derive(Debug, Clone)]
pub struct QueueQuery {
    /// The only company; `None`: all.
    pub company: Option<CompanyId>,
    /// `None`: any. Only with a search, because the order of the queue is that of one status.
    pub status: Option<ReportStatus>,
    pub vehicle_type: Option<TypeCode>,
    pub due: DueRange,
    /// The most severe verdict.
    pub outcome: Option<Outcome>,
    pub codec: Option<VideoCodec>,
    /// Only what a search finds. Without it, reports with a pending decision are left out.
    pub search: Option<SearchKeys>,
}

/// A range of deadlines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DueRange {
    /// Exclusive.
    pub after: Option<Timestamp>,
    /// Inclusive.
    pub until: Option<Timestamp>,
}

impl DueRange {
    pub fn contains(self, due_at: Timestamp) -> bool {
        self.after.is_none_or(|after| due_at > after)
            && self.until.is_none_or(|until| due_at <= until)
    }
}

/// The condition that no decision about report `r` waits to take effect.
pub(super) const NOT_PENDING: &str = " AND NOT EXISTS (SELECT 1 FROM console_decisions d \
    WHERE d.ref_key = r.ref_key AND d.state = 'pending')";

/// The vehicle of report `r`.
pub(super) const JOIN_VEHICLE: &str =
    " LEFT JOIN vehicles v ON v.guid = r.vehicle_guid AND v.company_id = r.company_id";

impl QueueQuery {
    /// Appends `FROM` with the reports as `r`, and with `joins`.
    pub(super) fn push_source(&self, statement: &mut Statement, joins: &str) {
        match &self.search {
            None => statement.push(" FROM reports r"),
            Some(keys) => {
                statement.push(" FROM (");
                keys.push_hits(statement, self.company, self.status);
                // SQLite keeps the order of a CROSS JOIN: it would rather walk the whole queue.
                statement.push(") AS hits CROSS JOIN reports r")
            }
        };
        statement.push(joins);
    }

    /// Appends `WHERE` with all conditions.
    pub(super) fn push_conditions(&self, statement: &mut Statement) {
        statement.push(" WHERE r.deleted = 0");
        match self.search {
            Some(_) => statement.push(" AND r.ref_key = hits.ref_key"),
            None => statement.push(NOT_PENDING),
        };
        if let Some(company) = self.company {
            statement.push(" AND r.company_id = ").bind(&company);
        }
        if let Some(status) = self.status {
            statement.push(&format!(" AND r.status_code = {}", status.code()));
        }
        if let Some(after) = self.due.after {
            statement.push(" AND r.due_at > ").bind(&after);
        }
        if let Some(until) = self.due.until {
            statement.push(" AND r.due_at <= ").bind(&until);
        }
        // With the conditions of the partial indexes.
        if let Some(code) = self.vehicle_type {
            statement.push(" AND r.type_code <> '' AND r.type_code = ").bind(&code);
        }
        if let Some(outcome) = self.outcome {
            let severity = outcome.severity();
            statement.push(&format!(" AND r.outcome > 0 AND r.outcome = {severity}"));
        }
        if let Some(codec) = self.codec {
            statement.push(" AND r.codec <> '' AND r.codec = ").bind(&codec);
        }
    }
}
