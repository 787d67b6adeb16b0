//! Receipts, and the leaves of the transparency log that commit to them.

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Write;
use crate::database::statement::query;
use crate::model::{ReceiptId, SubmissionId};

/// Inserts a receipt, not signed yet, and its leaf, which has no position in the log yet. `salt` keeps the
/// leaf from telling anything about the receipt.
pub(in crate::database) async fn insert_receipt(
    write: &mut Write,
    (receipt, submission): (ReceiptId, SubmissionId),
    body: &str,
    salt: &str,
) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO receipts (id, submission_id, body) VALUES ($1, $2, $3)";
    query(sql, params![receipt, submission, *body]).run(&mut *write).await?;
    let sql = "INSERT INTO leaves (subject, kind, salt) VALUES ($1, 'receipt', $2)";
    query(sql, params![receipt, *salt]).run(&mut *write).await
}
