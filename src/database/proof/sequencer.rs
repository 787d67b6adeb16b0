//! The turns of 1C's queue, assigned by one sequencer at a time.
//!
//! A turn is planned first, then written to the journal in the store, then published. The plan is in the
//! database, so the next holder of the lease writes the same batch.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, FromRow};

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::{Statement, query};
use crate::database::videos::{SUBMISSION_COLUMNS, StoredSubmission};
use crate::model::{CompanyId, NodeId, PersonId, VehicleGuid};

/// The version of the sequencer, raised when it numbers further kinds of rows. A node with a higher version takes
/// the lease from a living node with a lower one, never the reverse.
pub const SEQUENCER_VERSION: i64 = 1;

/// Submissions whose turns are planned and not published yet.
#[derive(Debug, Clone)]
pub struct PlannedBatch {
    /// In the order of their turns, without gaps; not empty.
    pub rows: Vec<JournalRow>,
    /// For each node of 1C, the highest number of a message that was received from it.
    pub received: BTreeMap<String, i64>,
}

/// A submission as the journal describes it.
#[derive(Debug, Clone, FromRow)]
pub struct JournalRow {
    /// The place in 1C's queue, from 1.
    pub turn: i64,
    #[sqlx(flatten)]
    pub stored: StoredSubmission,
    #[sqlx(rename = "vehicle_guid")]
    pub vehicle: VehicleGuid,
    #[sqlx(rename = "company_id")]
    pub company: CompanyId,
    /// BIN or IIN of the company.
    pub biin: String,
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    /// The person's key in 1C; empty without one.
    pub person_ref: String,
    /// The 11 digits of the person's telephone number.
    pub mobile: String,
    /// The device that created the upload.
    pub device: String,
    pub filename: String,
    /// Canonical JSON.
    pub receipt: String,
    /// Of the receipt's leaf.
    pub salt: String,
}

const PLAN: &str = "UPDATE submissions SET turn = -($1 + waiting.place) FROM (SELECT id, \
    ROW_NUMBER() OVER (ORDER BY received_at, id) AS place FROM (SELECT id, received_at \
    FROM submissions WHERE turn = 0 ORDER BY received_at, id LIMIT $2) AS oldest) AS waiting \
    WHERE submissions.id = waiting.id";

const UNPUBLISHED: &str = "SELECT id FROM submissions WHERE turn = 0 UNION ALL \
    SELECT id FROM submissions WHERE turn < 0 LIMIT 1";

impl Database {
    /// Whether submissions have no published turn.
    pub async fn has_unpublished_turns(&self) -> Result<bool, DatabaseError> {
        query(UNPUBLISHED, vec![]).exists(&self.pool).await
    }

    /// Takes the lease of the sequencer, or keeps it. Returns its fence, or `None` while another node
    /// holds it: it is taken from a node that is not registered any more, or is of an older release.
    pub async fn hold_sequencer(
        &self,
        node: NodeId,
        version: i64,
    ) -> Result<Option<i64>, DatabaseError> {
        let sql = "SELECT fence FROM sequencer WHERE holder = $1 AND version = $2";
        if let Some(fence) = query(sql, params![node, version]).value(&self.pool).await? {
            return Ok(Some(fence));
        }
        let sql = "UPDATE sequencer SET holder = $1, version = $2, fence = fence + 1 \
            WHERE holder = $1 OR version < $2 \
            OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.id = sequencer.holder) RETURNING fence";
        query(sql, params![node, version]).value(&self.pool).await
    }

    /// The first and the last turn that are planned and not published.
    pub async fn planned_turns(&self) -> Result<Option<(i64, i64)>, DatabaseError> {
        let sql = "SELECT COALESCE(-MAX(turn), 0) AS first, COALESCE(-MIN(turn), 0) AS last \
            FROM submissions WHERE turn < 0";
        let (first, last): (i64, i64) = query(sql, vec![]).one(&self.pool).await?;
        Ok((first > 0).then_some((first, last)))
    }

    /// When the oldest submission without a published turn was received.
    pub async fn oldest_unpublished(&self) -> Result<Option<Timestamp>, DatabaseError> {
        let sql = "SELECT received_at FROM submissions WHERE turn < 0 UNION ALL \
            SELECT MIN(received_at) FROM submissions WHERE turn = 0 HAVING COUNT(*) > 0 \
            ORDER BY received_at LIMIT 1";
        query(sql, vec![]).value(&self.pool).await
    }

    /// The planned submissions; if there are none, plans the next turns for up to `limit` submissions, in
    /// the order of their receipt. `None` if nothing waits, or the lease was lost.
    pub async fn plan_turns(
        &self,
        fence: i64,
        limit: u32,
    ) -> Result<Option<PlannedBatch>, DatabaseError> {
        let mut write = self.write().await?;
        let Some(last) = fenced(&mut write, fence).await? else { return Ok(None) };
        let mut rows: Vec<JournalRow> = select_planned().all(&mut write).await?;
        if rows.is_empty() {
            let planned = query(PLAN, params![last, limit]).execute(&mut write).await?;
            let last = last.saturating_add_unsigned(planned);
            query("UPDATE sequencer SET turn = $1", params![last]).run(&mut write).await?;
            rows = select_planned().all(&mut write).await?;
        }
        let sql = "SELECT node, received_no FROM onec_nodes";
        let received: Vec<(String, i64)> = query(sql, vec![]).all(&mut write).await?;
        write.commit().await?;
        let batch = PlannedBatch { rows, received: received.into_iter().collect() };
        Ok((!batch.rows.is_empty()).then_some(batch))
    }

    /// Publishes the planned turns. They become visible together, and after all lower ones. Returns
    /// whether the lease was still held.
    pub async fn publish_turns(&self, fence: i64) -> Result<bool, DatabaseError> {
        let mut write = self.write().await?;
        if fenced(&mut write, fence).await?.is_none() {
            return Ok(false);
        }
        let sql = "UPDATE submissions SET turn = -turn WHERE turn < 0";
        query(sql, vec![]).execute(&mut write).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Records why the sequencer has stopped; an empty text: it has not.
    pub async fn set_sequencer_problem(
        &self,
        fence: i64,
        problem: &str,
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE sequencer SET problem = $1 WHERE fence = $2 AND problem <> $1";
        query(sql, params![*problem, fence]).execute(&self.pool).await.map(drop)
    }

    /// Why the sequencer has stopped, if it has.
    pub async fn sequencer_problem(&self) -> Result<Option<String>, DatabaseError> {
        let (problem,): (String,) =
            query("SELECT problem FROM sequencer", vec![]).one(&self.pool).await?;
        Ok((!problem.is_empty()).then_some(problem))
    }
}

/// Planned turns are negative: readers look for positive ones.
fn select_planned() -> Statement {
    let sql = format!(
        "SELECT -s.turn AS turn, {SUBMISSION_COLUMNS}, s.vehicle_guid, s.company_id, \
         COALESCE(c.biin, '') AS biin, s.person_id, COALESCE(p.ref_key, '') AS person_ref, \
         COALESCE(p.mobile_digits, '') AS mobile, s.device, s.filename, \
         COALESCE(r.body, '') AS receipt, COALESCE(l.salt, '') AS salt FROM submissions s \
         JOIN videos v ON v.id = s.video_id LEFT JOIN companies c ON c.id = s.company_id \
         LEFT JOIN people p ON p.id = s.person_id \
         LEFT JOIN receipts r ON r.submission_id = s.id LEFT JOIN leaves l ON l.subject = r.id \
         WHERE s.turn < 0 ORDER BY s.turn DESC"
    );
    query(AssertSqlSafe(sql), vec![])
}

/// Locks the lease until the end of the transaction, if its fence is still this one. Returns the highest
/// turn.
async fn fenced(write: &mut Write, fence: i64) -> Result<Option<i64>, DatabaseError> {
    let sql = "UPDATE sequencer SET turn = turn WHERE fence = $1 RETURNING turn";
    query(sql, params![fence]).value(&mut *write).await
}
