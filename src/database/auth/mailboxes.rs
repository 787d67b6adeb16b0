//! Where a company reads its mail.

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::text;
use crate::model::CompanyId;

/// A company's mailbox.
#[derive(Clone)]
pub struct Mailbox {
    /// The company's name.
    pub name: String,
    /// Its address.
    pub email: String,
}

impl Database {
    /// The mailbox of a company that is active and has one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mailbox_of(&self, company: CompanyId) -> Result<Option<Mailbox>, DatabaseError> {
        let row = sqlx::query(
            "SELECT name, email FROM companies WHERE id = $1 AND active = 1 AND email <> '' \
             AND id <> 0",
        )
        .bind(company.0)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Mailbox { name: text(&row, "name")?, email: text(&row, "email")? }))
    }
}
