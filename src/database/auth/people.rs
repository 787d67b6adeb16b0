//! Companies and people.

use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{number, or_empty, text, unreadable};
use crate::model::{CompanyId, CompanyKind, ObjectKey, Person, PersonId, Role, phone_digits};

/// A company or private lessee to be recorded.
#[derive(Debug, Clone)]
pub struct NewCompany {
    /// Its number.
    pub id: CompanyId,
    /// Its key in 1C, if it has one.
    pub key: Option<ObjectKey>,
    /// A company or a private lessee.
    pub kind: CompanyKind,
    /// BIN or IIN, 12 digits.
    pub biin: String,
    /// Its name.
    pub name: String,
    /// Where one-time codes go.
    pub email: String,
}

/// A person to be recorded.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Who, where, with which rights.
    pub person: Person,
    /// Their key in 1C, if they have one.
    pub key: Option<ObjectKey>,
    /// Telephone, as given.
    pub mobile: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Father's name.
    pub patronic_name: String,
    /// Their mail address; may be empty.
    pub email: String,
}

impl Database {
    /// Records a company; one that is there already stays as it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_company(&self, new: &NewCompany) -> Result<(), DatabaseError> {
        sqlx::query(
            "INSERT INTO companies (id, biin, name, email, ref_key, kind, active) \
             VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT DO NOTHING",
        )
        .bind(new.id.0)
        .bind(new.biin.as_str())
        .bind(new.name.as_str())
        .bind(new.email.as_str())
        .bind(or_empty(new.key.as_ref()))
        .bind(new.kind.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Records a person; one that is there already stays as they are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_person(&self, new: &NewPerson) -> Result<(), DatabaseError> {
        sqlx::query(
            "INSERT INTO people (id, company_id, role, mobile, first_name, last_name, \
             patronic_name, ref_key, mobile_digits, email, active) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1) ON CONFLICT DO NOTHING",
        )
        .bind(new.person.id.0)
        .bind(new.person.company.0)
        .bind(new.person.role.as_str())
        .bind(new.mobile.as_str())
        .bind(new.first_name.as_str())
        .bind(new.last_name.as_str())
        .bind(new.patronic_name.as_str())
        .bind(or_empty(new.key.as_ref()))
        .bind(phone_digits(&new.mobile))
        .bind(new.email.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A person who may act: they and their company are active. Rights come from here, not from the
    /// token (S18).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn active_person(&self, id: PersonId) -> Result<Option<Person>, DatabaseError> {
        let row = sqlx::query(
            "SELECT p.company_id, p.role FROM people p JOIN companies c ON c.id = p.company_id \
             WHERE p.id = $1 AND p.active = 1 AND c.active = 1",
        )
        .bind(id.0)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(|row| person(id, row)).transpose()
    }

    /// The active person with this key in 1C.
    pub async fn person_with_key(&self, key: ObjectKey) -> Result<Option<Person>, DatabaseError> {
        let row = sqlx::query("SELECT id FROM people WHERE ref_key = $1")
            .bind(key.to_string())
            .fetch_optional(&self.pool)
            .await?;
        match row {
            Some(row) => self.active_person(PersonId(number(&row, "id")?)).await,
            None => Ok(None),
        }
    }

    /// As [`Database::active_person`], unless the session their token is of has ended. A session without
    /// a row is no reason: old ones are forgotten, and their tokens are long out of their time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acting_person(
        &self,
        id: PersonId,
        session: &str,
    ) -> Result<Option<Person>, DatabaseError> {
        let row = sqlx::query(
            "SELECT p.company_id, p.role FROM people p JOIN companies c ON c.id = p.company_id \
             WHERE p.id = $1 AND p.active = 1 AND c.active = 1 AND NOT EXISTS \
             (SELECT 1 FROM sessions s WHERE s.id = $2 AND s.ended_at > 0)",
        )
        .bind(id.0)
        .bind(session)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(|row| person(id, row)).transpose()
    }

    /// Lets a person act, or no longer (E5, S17).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_person_active(&self, id: PersonId, active: bool) -> Result<(), DatabaseError> {
        sqlx::query("UPDATE people SET active = $1 WHERE id = $2")
            .bind(i64::from(active))
            .bind(id.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

fn person(id: PersonId, row: &AnyRow) -> Result<Person, DatabaseError> {
    let word = text(row, "role")?;
    let role = Role::from_word(&word).ok_or_else(|| unreadable("role", &word))?;
    Ok(Person { id, company: CompanyId(number(row, "company_id")?), role })
}
