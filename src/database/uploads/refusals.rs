//! Refusals that depend on the bytes of a video only. They are stored with the upload, and looked up
//! before the same bytes are received again.

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{CompanyId, Digest, Length, RefKey, Refusal, UploadId, UploadState};

/// Identifies the content of a video.
#[derive(Debug, Clone, Copy)]
pub struct ContentId {
    /// The report that it was sent for.
    pub ref_key: RefKey,
    /// The number of bytes, if it is known.
    pub length: Option<Length>,
    /// The hash of the whole file, as the client declared it or as it was computed.
    pub declared: Option<Digest>,
    /// The hash of the first 64 KiB.
    pub head: Option<Digest>,
}

impl Database {
    /// Ends a living upload as refused, if `fence` is still its fence. Returns whether it was. With
    /// `known_by`, the content and the fingerprint of the rules, the same bytes are refused again
    /// without an inspection.
    pub async fn refuse_upload(
        &self,
        (id, fence): (UploadId, i64),
        refusal: &Refusal,
        known_by: Option<(&ContentId, Digest)>,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let Some((content, rules)) = known_by else {
            let state = UploadState::Refused;
            return self.end_upload(id, fence, state, Some(refusal), now).await;
        };
        let sql = "UPDATE uploads SET state = 'refused', refusal = $1, holder = '', \
            release_requested = 0, cleanup_at = $2, ref_key = $3, total = $4, \
            declared_sha256 = $5, head_sha256 = $6, refusal_rules = $7 \
            WHERE id = $8 AND fence = $9 AND state IN ('open', 'finishing')";
        let ContentId { ref_key, length, declared, head } = content;
        query(sql, params![refusal, now, ref_key, length, declared, head, rules, id, fence])
            .changes_one(&self.pool)
            .await
    }

    /// The latest refusal of this content by these rules, among the uploads of this company that were
    /// created at `since` or later. If both have a hash of the whole file, the hashes must be equal;
    /// otherwise the hash of the first 64 KiB and the length must be.
    pub async fn refused_before(
        &self,
        company: CompanyId,
        content: &ContentId,
        rules: Digest,
        since: Timestamp,
    ) -> Result<Option<Refusal>, DatabaseError> {
        let sql = "SELECT refusal FROM uploads \
            WHERE state = 'refused' AND ref_key = $1 AND created_at >= $2 AND company_id = $3 \
            AND refusal_rules = $4 AND ((declared_sha256 = $5 AND $5 <> '' AND (total = $6 \
            OR total < 0 OR $6 < 0)) OR (head_sha256 = $7 AND $7 <> '' AND total = $6 \
            AND (declared_sha256 = '' OR $5 = ''))) ORDER BY created_at DESC LIMIT 1";
        let ContentId { ref_key, length, declared, head } = content;
        query(sql, params![ref_key, since, company, rules, declared, length, head])
            .value(&self.pool)
            .await
    }
}
