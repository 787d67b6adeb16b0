//! Companies and people. They are few, and other things hang on them, so they go one by one.

use sqlx::any::AnyRow;

use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::outbox::pushes::push_revoked;
use crate::database::pool::Write;
use crate::database::rows::{number, parsed, text};
use crate::model::{CompanyId, PersonId, phone_digits};

use super::changes::{ChangeOutcome, ChangeSource, CompanyChange, UserChange};
use super::known::Known;

/// Records a company, or changes it. One that somebody has entered by hand is known by its BIN.
pub(super) async fn company(
    write: &mut Write,
    known: &mut Known,
    change: &CompanyChange,
    source: ChangeSource<'_>,
) -> Result<ChangeOutcome, DatabaseError> {
    let key = change.key.to_string();
    let rows =
        sqlx::query("SELECT id, ref_key, biin FROM companies WHERE ref_key = $1 OR biin = $2")
            .bind(key.as_str())
            .bind(change.biin.as_str())
            .fetch_all(&mut **write)
            .await?;
    let own = find(&rows, "ref_key", &key)?;
    let namesake = find(&rows, "biin", &change.biin)?;
    let holder = match (&own, &namesake) {
        (Some(own), Some(namesake)) if own.0 != namesake.0 => Some(namesake.0),
        (None, Some((id, other))) if !other.is_empty() => Some(*id),
        _ => None,
    };
    let biin = match holder {
        // It claims nothing that others have.
        Some(_) if !change.active => format!("deleted:{key}"),
        Some(holder) if !gives_up(write, holder).await? => return Ok(ChangeOutcome::BiinTaken),
        _ => change.biin.clone(),
    };
    let id = match (own, namesake.filter(|_| holder.is_none())) {
        (Some((id, _)), _) | (None, Some((id, _))) => id,
        (None, None) => insert_company(write, &key, &biin).await?,
    };
    known.companies.insert(change.key, CompanyId(id));
    if !update_company(write, id, change, &biin).await? {
        return Ok(ChangeOutcome::Older);
    }
    if !change.active {
        end_sessions_of_company(write, CompanyId(id), source).await?;
    }
    Ok(ChangeOutcome::Applied)
}

/// Whether the holder of a BIN gives it up, as one does who may not act: 1C cleans duplicates up.
async fn gives_up(write: &mut Write, holder: i64) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE companies SET biin = 'deleted:' || ref_key \
         WHERE id = $1 AND active = 0 AND ref_key <> ''",
    )
    .bind(holder)
    .execute(&mut **write)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The number and the key of the row that has this in that column.
fn find(
    rows: &[AnyRow],
    column: &'static str,
    value: &str,
) -> Result<Option<(i64, String)>, DatabaseError> {
    for row in rows {
        if text(row, column)? == value {
            return Ok(Some((number(row, "id")?, text(row, "ref_key")?)));
        }
    }
    Ok(None)
}

/// An empty row of its number, to be filled.
async fn insert_company(write: &mut Write, key: &str, biin: &str) -> Result<i64, DatabaseError> {
    let id = next_number(write, Counter::Companies).await?;
    sqlx::query(
        "INSERT INTO companies (id, biin, name, email, active, ref_key, version) \
         VALUES ($1, $2, '', '', 0, $3, -1)",
    )
    .bind(id)
    .bind(biin)
    .bind(key)
    .execute(&mut **write)
    .await?;
    Ok(id)
}

async fn update_company(
    write: &mut Write,
    id: i64,
    change: &CompanyChange,
    biin: &str,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE companies SET ref_key = $1, biin = $2, name = $3, email = $4, kind = $5, \
         active = $6, version = CASE WHEN $7 > version THEN $7 ELSE version END \
         WHERE id = $8 AND ($7 = 0 OR $7 > version)",
    )
    .bind(change.key.to_string())
    .bind(biin)
    .bind(change.name.as_str())
    .bind(change.email.as_str())
    .bind(change.kind.as_str())
    .bind(i64::from(change.active))
    .bind(change.version)
    .bind(id)
    .execute(&mut **write)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Records a person, or changes them. A driver who has signed in by himself is known by telephone.
pub(super) async fn user(
    write: &mut Write,
    known: &mut Known,
    change: &UserChange,
    source: ChangeSource<'_>,
) -> Result<ChangeOutcome, DatabaseError> {
    let company = match known.company(change.company) {
        Ok(company) => company,
        Err(field) => return Ok(ChangeOutcome::UnknownReference(field)),
    };
    let id = match find_user(write, change, company).await? {
        Some(id) => id,
        None => insert_user(write, change, company).await?,
    };
    if !update_user(write, id, change, company).await? {
        return Ok(ChangeOutcome::Older);
    }
    known.people.insert(change.key, company);
    if !change.active {
        end_sessions_of_person(write, PersonId(id), source).await?;
    }
    Ok(ChangeOutcome::Applied)
}

async fn find_user(
    write: &mut Write,
    change: &UserChange,
    company: CompanyId,
) -> Result<Option<i64>, DatabaseError> {
    let row = sqlx::query(
        "SELECT id FROM people WHERE ref_key = $1 OR (ref_key = '' AND company_id = $2 \
         AND mobile_digits = $3 AND mobile_digits <> '' AND role = $4) \
         ORDER BY ref_key DESC, active DESC, id LIMIT 1",
    )
    .bind(change.key.to_string())
    .bind(company.0)
    .bind(phone_digits(&change.mobile))
    .bind(change.role.as_str())
    .fetch_optional(&mut **write)
    .await?;
    row.map(|row| number(&row, "id")).transpose()
}

/// An empty row of their number, to be filled.
async fn insert_user(
    write: &mut Write,
    change: &UserChange,
    company: CompanyId,
) -> Result<i64, DatabaseError> {
    let id = next_number(write, Counter::People).await?;
    sqlx::query(
        "INSERT INTO people (id, company_id, role, mobile, first_name, last_name, patronic_name, \
         active, ref_key, version) VALUES ($1, $2, $3, '', '', '', '', 0, $4, -1)",
    )
    .bind(id)
    .bind(company.0)
    .bind(change.role.as_str())
    .bind(change.key.to_string())
    .execute(&mut **write)
    .await?;
    Ok(id)
}

async fn update_user(
    write: &mut Write,
    id: i64,
    change: &UserChange,
    company: CompanyId,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE people SET ref_key = $1, company_id = $2, role = $3, mobile = $4, \
         mobile_digits = $5, first_name = $6, last_name = $7, patronic_name = $8, email = $9, \
         active = $10, version = CASE WHEN $11 > version THEN $11 ELSE version END \
         WHERE id = $12 AND ($11 = 0 OR $11 > version)",
    )
    .bind(change.key.to_string())
    .bind(company.0)
    .bind(change.role.as_str())
    .bind(change.mobile.as_str())
    .bind(phone_digits(&change.mobile))
    .bind(change.first_name.as_str())
    .bind(change.last_name.as_str())
    .bind(change.patronic_name.as_str())
    .bind(change.email.as_str())
    .bind(i64::from(change.active))
    .bind(change.version)
    .bind(id)
    .execute(&mut **write)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Why a session has ended, in the database.
const DISMISSED: &str = "dismissed";

/// Nobody of a blocked company goes on (S17).
pub(super) async fn end_sessions_of_company(
    write: &mut Write,
    company: CompanyId,
    source: ChangeSource<'_>,
) -> Result<(), DatabaseError> {
    let people = "person_id IN (SELECT id FROM people WHERE company_id = $1)";
    end_sessions(write, people, company.0, source).await
}

/// A blocked person does not go on (S17).
pub(super) async fn end_sessions_of_person(
    write: &mut Write,
    person: PersonId,
    source: ChangeSource<'_>,
) -> Result<(), DatabaseError> {
    end_sessions(write, "person_id = $1", person.0, source).await
}

/// Their refresh tokens end with them; their devices are written.
async fn end_sessions(
    write: &mut Write,
    whose: &str,
    id: i64,
    source: ChangeSource<'_>,
) -> Result<(), DatabaseError> {
    let sql = format!(
        "UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE {whose} AND ended_at = 0 \
         RETURNING id, fcm"
    );
    let ended = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .bind(source.context.now.as_microsecond())
        .bind(DISMISSED)
        .fetch_all(&mut **write)
        .await?;
    for row in &ended {
        if !text(row, "fcm")?.is_empty() {
            push_revoked(write, parsed(row, "id")?, "", &source.context).await?;
        }
    }
    Ok(())
}
