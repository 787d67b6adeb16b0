//! Companies and people.

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{CompanyId, CompanyKind, ObjectKey, Person, PersonId, phone_digits};

/// A company or private lessee to be inserted.
#[derive(Debug, Clone)]
pub struct NewCompany {
    pub id: CompanyId,
    /// Its key in 1C, if it has one.
    pub key: Option<ObjectKey>,
    pub kind: CompanyKind,
    /// BIN or IIN, 12 digits.
    pub biin: String,
    pub name: String,
    /// One-time codes are sent to it.
    pub email: String,
}

/// A person to be inserted.
#[derive(Debug, Clone)]
pub struct NewPerson {
    pub person: Person,
    /// Their key in 1C, if they have one.
    pub key: Option<ObjectKey>,
    pub mobile: String,
    pub first_name: String,
    pub last_name: String,
    /// Father's name.
    pub patronic_name: String,
    /// May be empty.
    pub email: String,
}

impl Database {
    /// Inserts a company. An existing one is left unchanged.
    pub async fn add_company(&self, new: &NewCompany) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO companies (id, biin, name, email, ref_key, kind, active) \
            VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT DO NOTHING";
        query(sql, params![new.id, new.biin, new.name, new.email, new.key, new.kind])
            .run(&self.pool)
            .await
    }

    /// Inserts a person. An existing one is left unchanged.
    pub async fn add_person(&self, new: &NewPerson) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO people (id, company_id, role, mobile, first_name, last_name, \
            patronic_name, ref_key, mobile_digits, email, active) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1) ON CONFLICT DO NOTHING";
        let values = params![
            new.person.id,
            new.person.company,
            new.person.role,
            new.mobile,
            new.first_name,
            new.last_name,
            new.patronic_name,
            new.key,
            phone_digits(&new.mobile),
            new.email
        ];
        query(sql, values).run(&self.pool).await
    }

    /// A person, if they and their company are active. The role comes from the database, not from the
    /// token (S18).
    pub async fn active_person(&self, id: PersonId) -> Result<Option<Person>, DatabaseError> {
        let sql = "SELECT p.id AS person_id, p.company_id, p.role FROM people p JOIN companies c \
            ON c.id = p.company_id WHERE p.id = $1 AND p.active = 1 AND c.active = 1";
        query(sql, params![id]).optional(&self.pool).await
    }

    /// The active person with this key in 1C.
    pub async fn person_with_key(&self, key: ObjectKey) -> Result<Option<Person>, DatabaseError> {
        let sql = "SELECT id FROM people WHERE ref_key = $1";
        match query(sql, params![key]).value(&self.pool).await? {
            Some(id) => self.active_person(id).await,
            None => Ok(None),
        }
    }

    /// As [`Database::active_person`], but `None` if the session of the token has ended. A session
    /// without a row does not count as ended: a row is purged only after the session's access tokens
    /// have expired.
    pub async fn acting_person(
        &self,
        id: PersonId,
        session: &str,
    ) -> Result<Option<Person>, DatabaseError> {
        let sql = "SELECT p.id AS person_id, p.company_id, p.role FROM people p JOIN companies c \
            ON c.id = p.company_id WHERE p.id = $1 AND p.active = 1 AND c.active = 1 \
            AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = $2 AND s.ended_at > 0)";
        query(sql, params![id, session]).optional(&self.pool).await
    }

    /// Activates or deactivates a person (E5, S17).
    pub async fn set_person_active(&self, id: PersonId, active: bool) -> Result<(), DatabaseError> {
        let sql = "UPDATE people SET active = $1 WHERE id = $2";
        query(sql, params![active, id]).run(&self.pool).await
    }
}
