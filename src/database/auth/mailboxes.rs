//! The mailboxes of companies.

use sqlx::FromRow;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{CompanyId, MailRefused, OutboxEvent};

#[derive(Clone, FromRow)]
pub struct Mailbox {
    /// The company's name.
    pub name: String,
    pub email: String,
}

/// A company whose mailbox refuses mails for good.
#[derive(Debug, Clone, FromRow)]
pub struct RefusedMailbox {
    pub ref_key: String,
    pub biin: String,
    pub email: String,
    /// The words of the mail server.
    #[sqlx(rename = "mail_failure")]
    pub reason: String,
}

impl Database {
    /// The mailbox of a company; `None` if the company is inactive or has no address.
    pub async fn mailbox_of(&self, company: CompanyId) -> Result<Option<Mailbox>, DatabaseError> {
        let sql = "SELECT name, email FROM companies \
            WHERE id = $1 AND active = 1 AND email <> '' AND id <> 0";
        query(sql, params![company]).optional(&self.pool).await
    }

    /// The highest id of a company.
    pub async fn last_company(&self) -> Result<CompanyId, DatabaseError> {
        let sql = "SELECT COALESCE(MAX(id), 0) FROM companies";
        let (last,) = query(sql, vec![]).one(&self.pool).await?;
        Ok(last)
    }

    /// The mail address of this company, or of the next one that is active and has an address; after the
    /// last one comes the first.
    pub async fn mailbox_from(&self, company: CompanyId) -> Result<Option<String>, DatabaseError> {
        let sql = "SELECT email FROM companies WHERE id >= $1 AND active = 1 AND email <> '' \
            AND id <> 0 ORDER BY id LIMIT 1";
        let next = query(sql, params![company]).value(&self.pool).await?;
        let first = query(sql, params![CompanyId(1)]).value(&self.pool).await?;
        Ok(next.or(first))
    }

    /// Records that mails to this address are refused for good, and tells the report service of each
    /// company for which that is new.
    pub async fn note_mail_failure(
        &self,
        address: &str,
        reason: &str,
        context: &EnqueueContext<'_>,
    ) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        let sql = "UPDATE companies SET mail_failure = $1 \
            WHERE email = $2 AND email <> '' AND mail_failure = '' RETURNING ref_key, biin";
        let failed: Vec<(String, String)> =
            query(sql, params![reason, address]).all(&mut write).await?;
        for (ref_key, biin) in &failed {
            let refused = MailRefused { ref_key, biin, reason };
            context.enqueue(&mut write, &OutboxEvent::MailRefused(refused)).await?;
        }
        write.commit().await
    }

    /// Records that a mail to this address was accepted.
    pub async fn note_mail_success(&self, address: &str) -> Result<(), DatabaseError> {
        let sql = "UPDATE companies SET mail_failure = '' \
            WHERE email = $1 AND email <> '' AND mail_failure <> ''";
        query(sql, params![address]).run(&self.pool).await
    }

    /// At most `limit` companies whose mailboxes refuse mails for good.
    pub async fn refused_mailboxes(
        &self,
        limit: u32,
    ) -> Result<Vec<RefusedMailbox>, DatabaseError> {
        let sql = "SELECT ref_key, biin, email, mail_failure FROM companies \
            WHERE mail_failure <> '' AND id <> 0 AND active = 1 ORDER BY id LIMIT $1";
        query(sql, params![limit]).all(&self.pool).await
    }
}
