//! Earlier uses of a video for other reports of its company.

use std::collections::BTreeSet;

use crate::database::column::{Stored, ToValue, params};
use crate::database::connection::Target;
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::{Statement, query};
use crate::model::plausibility::{EarlierUse, MAX_LINKS, MatchKind};
use crate::model::{CompanyId, Digest, RefKey, ReportStatus, SubmissionId};

/// Earlier videos with one hash that are read at most. A recording that was sent more often has been
/// noticed long before.
const MOST_VIDEOS: i64 = 100;

/// Locks the rows of a company's hashes, which are created if needed.
const LOCK_ONE: &str = "INSERT INTO fingerprints (company_id, hash) VALUES ($1, $2) \
     ON CONFLICT (company_id, hash) DO UPDATE SET hash = excluded.hash";
const LOCK_TWO: &str = "INSERT INTO fingerprints (company_id, hash) VALUES ($1, $2), ($1, $3) \
     ON CONFLICT (company_id, hash) DO UPDATE SET hash = excluded.hash";

/// The hashes by which a video is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Videos of other companies are not compared.
    pub company: CompanyId,
    /// The report of the video. Its own earlier videos do not count (Q32).
    pub ref_key: RefKey,
    /// Of the whole file.
    pub sha256: Digest,
    /// Of the media payload alone, if it is known.
    pub media_sha256: Option<Digest>,
}

impl Database {
    /// The earlier uses of a video for other reports of the company: those whose report still holds it
    /// first, then the latest first; at most one more than [`MAX_LINKS`].
    pub async fn earlier_uses(&self, of: &Fingerprint) -> Result<Vec<EarlierUse>, DatabaseError> {
        earlier_uses(&self.pool, of).await
    }

    /// The query plan of [`Database::earlier_uses`], for tests.
    pub async fn earlier_uses_plan(&self, of: &Fingerprint) -> Result<Vec<String>, DatabaseError> {
        select_earlier_uses(of).plan(self.kind, &self.pool).await
    }
}

/// Makes concurrent transactions that store the same bytes wait until this one has ended.
pub(in crate::database) async fn lock(
    write: &mut Write,
    of: &Fingerprint,
) -> Result<(), DatabaseError> {
    // In the order of the hashes, so that two transactions cannot deadlock.
    let hashes: BTreeSet<_> = [Some(of.sha256), of.media_sha256].into_iter().flatten().collect();
    let sql = if hashes.len() == 1 { LOCK_ONE } else { LOCK_TWO };
    let mut values = params![of.company];
    values.extend(hashes.iter().map(ToValue::to_value));
    query(sql, values).run(&mut *write).await
}

/// The cost does not grow with the number of uses: the indexes have the ids in order.
pub(in crate::database) async fn earlier_uses<'c>(
    on: impl Into<Target<'c>>,
    of: &Fingerprint,
) -> Result<Vec<EarlierUse>, DatabaseError> {
    let rows: Vec<EarlierUseRow> = select_earlier_uses(of).all(on).await?;
    let read = |(submission_id, report_ref_key, status_code, sha256, Stored(held))| EarlierUse {
        report_ref_key,
        submission_id,
        status_code,
        held,
        same: if sha256 == of.sha256 { MatchKind::File } else { MatchKind::Media },
    };
    Ok(rows.into_iter().map(read).collect())
}

fn select_earlier_uses(of: &Fingerprint) -> Statement {
    let sql = "SELECT s.id, s.ref_key, r.status_code, v.sha256, CAST(CASE WHEN r.deleted = 0 \
        AND r.status_code IN (2, 3) AND r.latest_submission = s.id THEN 1 ELSE 0 END AS BIGINT) AS held \
        FROM (SELECT * FROM (SELECT id, sha256 FROM videos WHERE company_id = $1 AND sha256 = $2 \
        ORDER BY id DESC LIMIT $5) AS by_file UNION SELECT * FROM (SELECT id, sha256 FROM videos \
        WHERE company_id = $1 AND media_sha256 = $3 AND media_sha256 <> '' ORDER BY id DESC \
        LIMIT $5) AS by_media) AS v JOIN submissions s ON s.video_id = v.id JOIN reports r \
        ON r.ref_key = s.ref_key WHERE s.ref_key <> $4 ORDER BY held DESC, s.received_at DESC LIMIT $6";
    let Fingerprint { company, ref_key, sha256, media_sha256 } = of;
    let limit = MAX_LINKS as u64 + 1;
    query(sql, params![company, sha256, media_sha256, ref_key, MOST_VIDEOS, limit])
}

/// The submission, its report, the report's status, the video's hash, and whether the report holds it.
type EarlierUseRow = (SubmissionId, RefKey, ReportStatus, Digest, Stored<bool>);
