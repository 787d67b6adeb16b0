//! Refusals that hold for the very bytes: written down with an upload, and asked for before the same
//! bytes come again (`conventions.md` §5.1).

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
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
    /// was. With the content and the fingerprint of the rules, the
    /// same bytes are refused again without an inspection.
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

    /// The latest refusal of bytes with these marks, by these rules, of an upload of this company
    /// that was begun at `since` or later. Two announced hashes must be the same; where one of them
    /// is missing, the first 64 KiB and the length must be.
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
