//! Companies and people. They are written one by one: they are few, and a change may also release a BIN
//! or end sessions.

use crate::database::auth::EndReason;
use crate::database::column::params;
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::outbox::pushes::push_revoked;
use crate::database::pool::Write;
use crate::database::statement::query;
use crate::model::{CompanyId, PersonId, SessionId, phone_digits};

use super::changes::{ChangeOutcome, ChangeSource, CompanyChange, UserChange};
use super::known::Known;

/// Inserts or updates a company. A company that was entered by hand has no key yet, and is found by its
/// BIN.
pub(super) async fn company(
    write: &mut Write,
    known: &mut Known,
    change: &CompanyChange,
    source: ChangeSource<'_>,
) -> Result<ChangeOutcome, DatabaseError> {
    let key = change.key.to_string();
    let sql = "SELECT id, ref_key, biin FROM companies WHERE ref_key = $1 OR biin = $2";
    let rows: Vec<(CompanyId, String, String)> =
        query(sql, params![key, change.biin]).all(&mut *write).await?;
    let own = rows.iter().find(|(_, ref_key, _)| *ref_key == key);
    let same_biin = rows.iter().find(|(.., biin)| *biin == change.biin);
    let holder = match (own, same_biin) {
        (Some((own, ..)), Some((same_biin, ..))) if own != same_biin => Some(*same_biin),
        (None, Some((id, other, _))) if !other.is_empty() => Some(*id),
        _ => None,
    };
    let biin = match holder {
        // An inactive company does not claim a BIN that another one has.
        Some(_) if !change.active => format!("deleted:{key}"),
        Some(holder) if !release_biin(write, holder).await? => return Ok(ChangeOutcome::BiinTaken),
        _ => change.biin.clone(),
    };
    let id = match own.or(same_biin.filter(|_| holder.is_none())) {
        Some((id, ..)) => *id,
        None => insert_company(write, &key, &biin).await?,
    };
    known.companies.insert(change.key, id);
    if !update_company(write, id, change, &biin).await? {
        return Ok(ChangeOutcome::Older);
    }
    if !change.active {
        end_sessions_of_company(write, id, source).await?;
    }
    Ok(ChangeOutcome::Applied)
}

/// Takes the BIN from its holder if the holder is inactive: this is how 1C cleans up duplicates. Returns
/// whether it did.
async fn release_biin(write: &mut Write, holder: CompanyId) -> Result<bool, DatabaseError> {
    let sql = "UPDATE companies SET biin = 'deleted:' || ref_key \
        WHERE id = $1 AND active = 0 AND ref_key <> ''";
    query(sql, params![holder]).changes_one(&mut *write).await
}

/// Inserts an empty row with a new number, for [`update_company`] to fill.
async fn insert_company(
    write: &mut Write,
    key: &str,
    biin: &str,
) -> Result<CompanyId, DatabaseError> {
    let id = CompanyId(next_number(write, Counter::Companies).await?);
    let sql = "INSERT INTO companies (id, biin, name, email, active, ref_key, version) \
        VALUES ($1, $2, '', '', 0, $3, -1)";
    query(sql, params![id, biin, key]).execute(&mut *write).await?;
    Ok(id)
}

async fn update_company(
    write: &mut Write,
    id: CompanyId,
    change: &CompanyChange,
    biin: &str,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE companies SET ref_key = $1, biin = $2, name = $3, email = $4, kind = $5, \
        active = $6, mail_failure = CASE WHEN email = $4 THEN mail_failure ELSE '' END, version = CASE WHEN $7 > version THEN $7 ELSE version END \
        WHERE id = $8 AND ($7 = 0 OR $7 > version)";
    let CompanyChange { key, version, name, email, kind, active, .. } = change;
    query(sql, params![key, biin, name, email, kind, active, version, id])
        .changes_one(&mut *write)
        .await
}

/// Inserts or updates a person. A driver who has signed in before 1C sent them has no key yet, and is
/// found by phone number.
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
        end_sessions_of_person(write, id, source).await?;
    }
    Ok(ChangeOutcome::Applied)
}

async fn find_user(
    write: &mut Write,
    change: &UserChange,
    company: CompanyId,
) -> Result<Option<PersonId>, DatabaseError> {
    let sql = "SELECT id FROM people WHERE ref_key = $1 OR (ref_key = '' AND company_id = $2 \
        AND mobile_digits = $3 AND mobile_digits <> '' AND role = $4) \
        ORDER BY ref_key DESC, active DESC, id LIMIT 1";
    query(sql, params![change.key, company, phone_digits(&change.mobile), change.role])
        .value(&mut *write)
        .await
}

/// Inserts an empty row with a new number, for [`update_user`] to fill.
async fn insert_user(
    write: &mut Write,
    change: &UserChange,
    company: CompanyId,
) -> Result<PersonId, DatabaseError> {
    let id = PersonId(next_number(write, Counter::People).await?);
    let sql = "INSERT INTO people (id, company_id, role, mobile, first_name, last_name, \
        patronic_name, active, ref_key, version) VALUES ($1, $2, $3, '', '', '', '', 0, $4, -1)";
    query(sql, params![id, company, change.role, change.key]).execute(&mut *write).await?;
    Ok(id)
}

async fn update_user(
    write: &mut Write,
    id: PersonId,
    change: &UserChange,
    company: CompanyId,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE people SET ref_key = $1, company_id = $2, role = $3, mobile = $4, \
        mobile_digits = $5, first_name = $6, last_name = $7, patronic_name = $8, email = $9, \
        active = $10, version = CASE WHEN $11 > version THEN $11 ELSE version END \
        WHERE id = $12 AND ($11 = 0 OR $11 > version)";
    let values = params![
        change.key,
        company,
        change.role,
        change.mobile,
        phone_digits(&change.mobile),
        change.first_name,
        change.last_name,
        change.patronic_name,
        change.email,
        change.active,
        change.version,
        id
    ];
    query(sql, values).changes_one(&mut *write).await
}

/// Ends the sessions of all people of a deactivated company (S17).
pub(super) async fn end_sessions_of_company(
    write: &mut Write,
    company: CompanyId,
    source: ChangeSource<'_>,
) -> Result<(), DatabaseError> {
    let people = "person_id IN (SELECT id FROM people WHERE company_id = $1)";
    end_sessions(write, people, company.0, source).await
}

/// Ends the sessions of a deactivated person (S17).
pub(super) async fn end_sessions_of_person(
    write: &mut Write,
    person: PersonId,
    source: ChangeSource<'_>,
) -> Result<(), DatabaseError> {
    end_sessions(write, "person_id = $1", person.0, source).await
}

/// Ends sessions and notifies their devices. Their refresh tokens become useless, because a refresh
/// needs an open session.
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
    let ended: Vec<(SessionId, String)> =
        query(sqlx::AssertSqlSafe(sql), params![id, source.context.now, EndReason::Dismissed])
            .all(&mut *write)
            .await?;
    for (session, fcm) in ended {
        if !fcm.is_empty() {
            push_revoked(write, session, "", &source.context).await?;
        }
    }
    Ok(())
}
