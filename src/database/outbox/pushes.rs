//! Push notifications: finds the sessions whose person may see a report, and enqueues a message for
//! each.
//!
//! A message contains only the id of the session. The push token and the values of the text are looked
//! up on delivery, so that a token is stored in one place only (S65).

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, ToValue, params, placeholders};
use crate::database::config::EmployeesSee;
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{OutboxEvent, PersonId, PushEvent, PushKind, RefKey, SessionId};

use super::messages::EnqueueContext;

/// Devices of one person that are notified at most.
const MAX_DEVICES: i64 = 20;

/// Reports per statement, far below the parameter limit of either database.
const MAX_REPORTS: usize = 200;

/// The open sessions with a push token that may see a report: those of the directors and of the drivers
/// of its company. [`BY_ASSIGNMENT`] may be appended to restrict the drivers.
const VISIBLE_SESSIONS: &str = "SELECT r.ref_key, s.id AS session_id FROM reports r \
    JOIN companies c ON c.id = r.company_id AND c.active = 1 \
    JOIN people p ON p.company_id = r.company_id AND p.active = 1 \
    JOIN sessions s ON s.person_id = p.id AND s.ended_at = 0 AND s.fcm <> '' \
    WHERE r.deleted = 0 AND (p.role = 'admin' OR p.role = 'employee'";

/// Restricts the drivers to those whom the vehicle is assigned to, unless the company has no assignments
/// (Q37). The same rule as [`Database::scope_of`], for many people at once.
const BY_ASSIGNMENT: &str = " AND (\
      NOT EXISTS (SELECT 1 FROM assignments a WHERE a.company_id = r.company_id AND a.deleted = 0) \
      OR EXISTS (SELECT 1 FROM assignments a WHERE a.vehicle_guid = r.vehicle_guid \
        AND a.company_id = r.company_id AND a.deleted = 0 \
        AND (a.person_ref <> '' AND a.person_ref = p.ref_key \
          OR a.mobile_digits <> '' AND a.mobile_digits = p.mobile_digits)))";

/// A push notification, before its sessions are known.
#[derive(Debug, Clone, Copy)]
pub(in crate::database) struct Push<'p> {
    pub(in crate::database) kind: PushKind,
    /// The report, or the first of several.
    pub(in crate::database) report: Option<RefKey>,
    /// How many reports it is about.
    pub(in crate::database) reports: u64,
    /// Why a video was rejected.
    pub(in crate::database) reason: &'p str,
}

impl<'p> Push<'p> {
    /// A notification about one report.
    pub(in crate::database) const fn about(
        kind: PushKind,
        report: RefKey,
        reason: &'p str,
    ) -> Self {
        Self { kind, report: Some(report), reports: 1, reason }
    }
}

/// Enqueues a notification for the devices of these people.
pub(in crate::database) async fn push_to_people(
    write: &mut Write,
    people: &[PersonId],
    push: &Push<'_>,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    for person in people {
        let sql = "SELECT s.id AS session_id FROM sessions s JOIN people p ON p.id = s.person_id \
            AND p.active = 1 JOIN companies c ON c.id = p.company_id AND c.active = 1 \
            WHERE s.person_id = $1 AND s.ended_at = 0 AND s.fcm <> '' \
            ORDER BY s.seen_at DESC, s.id LIMIT $2";
        let sessions = query(sql, params![person, MAX_DEVICES]).values(&mut *write).await?;
        for session in sessions {
            push_to_session(write, session, push, context).await?;
        }
    }
    Ok(())
}

/// Enqueues a notification for everybody who may see one of these reports. A device gets one
/// notification about all of them, because the first load from 1C would otherwise cause a thousand.
pub(in crate::database) async fn push_about(
    write: &mut Write,
    kind: PushKind,
    reports: &[RefKey],
    employees_see: EmployeesSee,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    if !any_device_registered(write).await? {
        return Ok(());
    }
    let mut pushes: BTreeMap<SessionId, Push<'_>> = BTreeMap::new();
    for chunk in reports.chunks(MAX_REPORTS) {
        for (report, session) in sessions_that_see(write, chunk, employees_see).await? {
            pushes
                .entry(session)
                .and_modify(|push| push.reports += 1)
                .or_insert(Push::about(kind, report, ""));
        }
    }
    for (session, push) in &pushes {
        push_to_session(write, *session, push, context).await?;
    }
    Ok(())
}

/// Whether any open session has a push token.
async fn any_device_registered(write: &mut Write) -> Result<bool, DatabaseError> {
    let sql = "SELECT id FROM sessions WHERE fcm <> '' AND ended_at = 0 LIMIT 1";
    query(sql, vec![]).exists(&mut *write).await
}

async fn sessions_that_see(
    write: &mut Write,
    reports: &[RefKey],
    employees_see: EmployeesSee,
) -> Result<Vec<(RefKey, SessionId)>, DatabaseError> {
    let which = match employees_see {
        EmployeesSee::Assigned => BY_ASSIGNMENT,
        EmployeesSee::All => "",
    };
    let order = "ORDER BY r.due_at, r.ref_key, s.id";
    let these = placeholders(1, reports.len());
    let sql = format!("{VISIBLE_SESSIONS}{which}) AND r.ref_key IN ({these}) {order}");
    let values = reports.iter().map(ToValue::to_value).collect();
    query(sqlx::AssertSqlSafe(sql), values).all(&mut *write).await
}

/// Enqueues a notification for the device of one session.
pub(super) async fn push_to_session(
    write: &mut Write,
    session: SessionId,
    push: &Push<'_>,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    let Push { kind, report, reports, reason } = *push;
    let event = OutboxEvent::Push(PushEvent { kind, session, report, reports, reason });
    context.enqueue(write, &event).await
}

/// Enqueues a notification that the session has ended, and why. It is delivered to the push token of the
/// ended session, which must still be stored then.
pub(in crate::database) async fn push_revoked(
    write: &mut Write,
    session: SessionId,
    reason: &str,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    let push = Push { kind: PushKind::SessionRevoked, report: None, reports: 0, reason };
    push_to_session(write, session, &push, context).await
}

/// The device of a session, to compose a notification for.
#[derive(Clone, FromRow)]
pub struct PushDevice {
    /// The push token; empty if the device cannot be notified.
    pub fcm: String,
    /// Whether the session is open, and the person and the company are active.
    #[sqlx(try_from = "Stored<bool>")]
    pub active: bool,
    #[sqlx(rename = "others", try_from = "Stored<bool>")]
    pub used_by_another_session: bool,
}

/// The values of a report that a notification contains.
#[derive(Debug, Clone, FromRow)]
pub struct PushReport {
    pub report_number: String,
    pub plate_number: String,
    /// The moment from which it is overdue.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub due_at: Timestamp,
    #[sqlx(rename = "status_code")]
    pub status: i64,
}

impl Database {
    /// The device of a session.
    pub async fn device(&self, session: SessionId) -> Result<Option<PushDevice>, DatabaseError> {
        let sql = "SELECT s.fcm, CAST(CASE s.ended_at WHEN 0 THEN 1 ELSE 0 \
            END AS BIGINT) * COALESCE(p.active, 0) * COALESCE(c.active, 0) AS active, \
            (SELECT COUNT(*) FROM sessions o WHERE o.fcm = s.fcm AND o.id <> s.id \
            AND o.ended_at = 0) AS others FROM sessions s LEFT JOIN people p ON p.id = s.person_id \
            LEFT JOIN companies c ON c.id = p.company_id WHERE s.id = $1";
        query(sql, params![session]).optional(&self.pool).await
    }

    /// The values of a report that a notification contains.
    pub async fn push_report(&self, ref_key: RefKey) -> Result<Option<PushReport>, DatabaseError> {
        let sql = "SELECT r.report_number, COALESCE(v.plate_number, '') AS plate_number, r.due_at, \
            r.status_code FROM reports r LEFT JOIN vehicles v ON v.guid = r.vehicle_guid \
            AND v.company_id = r.company_id WHERE r.ref_key = $1 AND r.deleted = 0";
        query(sql, params![ref_key]).optional(&self.pool).await
    }

    /// Removes a push token that FCM no longer knows from all sessions. Returns the number of sessions.
    pub async fn remove_push_token(&self, fcm: &str) -> Result<u64, DatabaseError> {
        let sql = "UPDATE sessions SET fcm = '' WHERE fcm = $1 AND fcm <> ''";
        query(sql, params![fcm]).execute(&self.pool).await
    }
}
