//! The mailboxes of companies.

use sqlx::FromRow;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::CompanyId;

#[derive(Clone, FromRow)]
pub struct Mailbox {
    /// The company's name.
    pub name: String,
    pub email: String,
}

impl Database {
    /// The mailbox of a company; `None` if the company is inactive or has no address.
    pub async fn mailbox_of(&self, company: CompanyId) -> Result<Option<Mailbox>, DatabaseError> {
        let sql = "SELECT name, email FROM companies \
            WHERE id = $1 AND active = 1 AND email <> '' AND id <> 0";
        query(sql, params![company]).optional(&self.pool).await
    }
}
