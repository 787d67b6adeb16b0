//! Reports for the driver's page: those that need a video, and those that have one.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::Stored;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::Statement;
use crate::model::{Instruction, RefKey, Rejection, ReportStatus, TypeCode};

use super::lists::Block;
use super::scope::Scope;

/// A report with its vehicle and its instructions.
#[derive(Debug, Clone, FromRow)]
pub struct FilmRow {
    pub ref_key: RefKey,
    pub report_number: String,
    pub contract_number: String,
    /// The moment from which it is overdue.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub due_at: Timestamp,
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    #[sqlx(rename = "revision")]
    pub version: i64,
    /// The reason of the last rejection, in Russian.
    pub reject_reason: String,
    #[sqlx(try_from = "Stored<Option<Rejection>>")]
    pub rejection: Option<Rejection>,
    /// When its latest video was received.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub received_at: Option<Timestamp>,
    pub plate_number: String,
    pub vin_code: String,
    #[sqlx(try_from = "Stored<Option<TypeCode>>")]
    pub type_code: Option<TypeCode>,
    pub type_title: String,
    /// What to film, in order.
    #[sqlx(try_from = "Stored<Vec<Instruction>>")]
    pub instructions: Vec<Instruction>,
}

const COLUMNS: &str = "SELECT r.ref_key, r.report_number, r.contract_number, r.due_at, \
    r.status_code, r.revision, r.reject_reason, r.rejection, r.received_at, \
    COALESCE(v.plate_number, '') AS plate_number, COALESCE(v.vin_code, '') AS vin_code, \
    COALESCE(v.type_code, '') AS type_code, COALESCE(t.title, '') AS type_title, \
    COALESCE(t.instructions, '') AS instructions FROM reports r \
    LEFT JOIN vehicles v ON v.guid = r.vehicle_guid AND v.company_id = r.company_id \
    LEFT JOIN vehicle_types t ON t.code = v.type_code WHERE r.company_id = ";

impl Database {
    /// Up to `limit` reports of an open status, by deadline.
    pub async fn reports_to_film(
        &self,
        scope: &Scope,
        status: ReportStatus,
        limit: i64,
    ) -> Result<Vec<FilmRow>, DatabaseError> {
        let mut statement = within(scope);
        statement.push(" AND ").push(Block::Important.condition());
        statement.push(&format!(" AND r.status_code = {}", status.code()));
        Block::Important.page(&mut statement, scope.only.is_some(), None, limit);
        statement.all(&self.pool).await
    }

    /// Up to `limit` reports that have a video and are not rejected, the latest video first.
    pub async fn reports_sent(
        &self,
        scope: &Scope,
        limit: i64,
    ) -> Result<Vec<FilmRow>, DatabaseError> {
        let mut statement = within(scope);
        statement.push(" AND ").push(Block::General.condition());
        // A unary plus keeps the planner from using the index with this order, as in other lists.
        let column = if scope.only.is_some() { "+r.received_at" } else { "r.received_at" };
        statement.push(&format!(" ORDER BY {column} DESC, r.ref_key DESC LIMIT "));
        statement.bind(&limit);
        statement.all(&self.pool).await
    }

    /// A report in any status.
    pub async fn report_to_film(
        &self,
        scope: &Scope,
        ref_key: RefKey,
    ) -> Result<Option<FilmRow>, DatabaseError> {
        let mut statement = within(scope);
        statement.push(" AND r.deleted = 0 AND r.ref_key = ").bind(&ref_key);
        statement.optional(&self.pool).await
    }
}

fn within(scope: &Scope) -> Statement {
    let mut statement = Statement::new(COLUMNS);
    statement.bind(&scope.company);
    scope.restrict(&mut statement, "r.vehicle_guid");
    statement
}
