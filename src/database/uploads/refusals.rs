//! Refusals that hold for the very bytes: written down with an upload, and asked for before the same
//! bytes come again (`conventions.md` §5.1).

use jiff::Timestamp;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{json, or_empty, signed};
use crate::model::{CompanyId, Digest, Length, RefKey, Refusal, UploadId, UploadState};

/// What bytes are known by.
#[derive(Debug, Clone, Copy)]
pub struct ContentId {
    /// For which report they were sent.
    pub ref_key: RefKey,
    /// How many they are, when that is known.
    pub length: Option<Length>,
    /// The hash of all of them: announced, or of what has come.
    pub declared: Option<Digest>,
    /// The hash of the first 64 KiB of them.
    pub head: Option<Digest>,
}

impl Database {
    /// Ends an upload that is alive as refused, if the lease is still this holder's: `true` when it
    /// was. With `marks` and the fingerprint of the rules, the same bytes will be known again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn refuse_upload(
        &self,
        (id, fence): (UploadId, i64),
        refusal: &Refusal,
        known_by: Option<(&ContentId, Digest)>,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let Some((marks, under)) = known_by else {
            let state = UploadState::Refused;
            return self.end_upload(id, fence, state, Some(refusal), now).await;
        };
        let done = sqlx::query(
            "UPDATE uploads SET state = 'refused', refusal = $1, holder = '', release_requested = 0, \
             cleanup_at = $2, ref_key = $3, total = $4, declared_sha256 = $5, head_sha256 = $6, \
             refusal_rules = $7 WHERE id = $8 AND fence = $9 AND state IN ('open', 'finishing')",
        )
        .bind(serde_json::json!(refusal).to_string())
        .bind(now.as_microsecond())
        .bind(marks.ref_key.to_string())
        .bind(total(marks.length))
        .bind(or_empty(marks.declared.as_ref()))
        .bind(or_empty(marks.head.as_ref()))
        .bind(under.to_string())
        .bind(id.to_string())
        .bind(fence)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The latest refusal of bytes with these marks, by these rules, of an upload of this company
    /// that was begun at `since` or later. Two announced hashes must be the same; where one of them
    /// is missing, the first 64 KiB and the length must be.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn refused_before(
        &self,
        company: CompanyId,
        marks: &ContentId,
        under: Digest,
        since: Timestamp,
    ) -> Result<Option<Refusal>, DatabaseError> {
        let row = sqlx::query(
            "SELECT refusal FROM uploads WHERE state = 'refused' AND ref_key = $1 \
             AND created_at >= $2 AND company_id = $3 AND refusal_rules = $4 \
             AND ((declared_sha256 = $5 AND $5 <> '' AND (total = $6 OR total < 0 OR $6 < 0)) \
             OR (head_sha256 = $7 AND $7 <> '' AND total = $6 AND (declared_sha256 = '' OR $5 = ''))) \
             ORDER BY created_at DESC LIMIT 1",
        )
        .bind(marks.ref_key.to_string())
        .bind(since.as_microsecond())
        .bind(company.0)
        .bind(under.to_string())
        .bind(or_empty(marks.declared.as_ref()))
        .bind(total(marks.length))
        .bind(or_empty(marks.head.as_ref()))
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(|row| json(row, "refusal")).transpose()
    }
}

fn total(length: Option<Length>) -> i64 {
    length.map_or(-1, |length| signed(length.get()))
}
