//! What 1C deletes stays, marked: reports are about it, and videos are evidence.

use sqlx::AssertSqlSafe;

use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::pool::Write;
use crate::database::rows::number;
use crate::model::{CompanyId, PersonId};

use super::changes::{Gone, Object, Outcome, Saying};
use super::customers::{end_sessions_of_company, end_sessions_of_person};

/// Where an object is: its table, its key, and how it is marked.
const fn place(object: Object) -> (&'static str, &'static str, &'static str) {
    match object {
        // Its BIN is free for another: duplicates can be cleaned up.
        Object::Company => ("companies", "ref_key", "active = 0, biin = 'gone:' || ref_key"),
        Object::User => ("people", "ref_key", "active = 0"),
        Object::VehicleType => ("vehicle_types", "code", "gone = 1"),
        Object::Vehicle => ("vehicles", "guid", "gone = 1"),
        Object::Contract => ("contracts", "ref_key", "gone = 1"),
        Object::Report => ("reports", "ref_key", "gone = 1"),
        Object::Assignment => ("assignments", "ref_key", "gone = 1"),
    }
}

pub(super) async fn delete(
    write: &mut Write,
    deletion: &Gone,
    saying: Saying<'_>,
) -> Result<Outcome, DatabaseError> {
    let (table, key, mark) = place(deletion.object);
    let sql = format!(
        "UPDATE {table} SET {mark}, version = CASE WHEN $1 > version THEN $1 ELSE version END \
         WHERE {key} = $2 AND ($1 = 0 OR $1 > version)"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(deletion.version)
        .bind(deletion.key.to_string())
        .execute(&mut **write)
        .await?;
    if done.rows_affected() == 0 {
        let there = is_there(write, table, key, deletion).await?;
        if there {
            return Ok(Outcome::Older);
        }
        remember(write, deletion).await?;
        return Ok(Outcome::NotThere);
    }
    end_sessions(write, deletion, saying).await?;
    Ok(Outcome::Taken)
}

/// A deletion may come before its object: the row is there as deleted, and what 1C says of it in an
/// older version later is ignored. Without a version nothing would be. A person would need a company.
async fn remember(write: &mut Write, deletion: &Gone) -> Result<(), DatabaseError> {
    if deletion.version == 0 || deletion.object == Object::User {
        return Ok(());
    }
    if deletion.object == Object::Company {
        return remember_company(write, deletion).await;
    }
    sqlx::query(tombstone(deletion.object))
        .bind(deletion.key.to_string())
        .bind(deletion.version)
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// A row of an object that was deleted before it came; it belongs to nobody.
const fn tombstone(object: Object) -> &'static str {
    match object {
        Object::VehicleType => {
            "INSERT INTO vehicle_types (code, title, instructions, picture, picture_tag, version, \
             gone) VALUES ($1, '', '[]', '', '', $2, 1)"
        }
        Object::Vehicle => {
            "INSERT INTO vehicles (guid, company_id, plate_number, vin_code, type_code, version, \
             gone) VALUES ($1, -1, '', '', '', $2, 1)"
        }
        Object::Contract => {
            "INSERT INTO contracts (ref_key, company_id, number, ends_at, version, gone) \
             VALUES ($1, -1, '', 0, $2, 1)"
        }
        Object::Assignment => {
            "INSERT INTO assignments (ref_key, company_id, vehicle_guid, person_ref, \
             mobile_digits, version, gone) VALUES ($1, -1, '', '', '', $2, 1)"
        }
        // Companies and people have numbers, and are not written so.
        Object::Report | Object::Company | Object::User => {
            "INSERT INTO reports (ref_key, company_id, vehicle_guid, report_number, \
             contract_number, starts_at, finishes_at, status_code, reject_reason, version, gone) \
             VALUES ($1, -1, '', '', '', 0, 0, 1, '', $2, 1)"
        }
    }
}

async fn remember_company(write: &mut Write, deletion: &Gone) -> Result<(), DatabaseError> {
    let id = next_number(write, Counter::Companies).await?;
    sqlx::query(
        "INSERT INTO companies (id, biin, name, email, active, ref_key, version) \
         VALUES ($1, 'gone:' || $2, '', '', 0, $2, $3)",
    )
    .bind(id)
    .bind(deletion.key.to_string())
    .bind(deletion.version)
    .execute(&mut **write)
    .await?;
    Ok(())
}

async fn is_there(
    write: &mut Write,
    table: &str,
    key: &str,
    deletion: &Gone,
) -> Result<bool, DatabaseError> {
    let sql = format!("SELECT {key} FROM {table} WHERE {key} = $1");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(deletion.key.to_string())
        .fetch_optional(&mut **write)
        .await?;
    Ok(row.is_some())
}

async fn end_sessions(
    write: &mut Write,
    deletion: &Gone,
    saying: Saying<'_>,
) -> Result<(), DatabaseError> {
    let table = match deletion.object {
        Object::Company => "companies",
        Object::User => "people",
        _ => return Ok(()),
    };
    let sql = format!("SELECT id FROM {table} WHERE ref_key = $1");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(deletion.key.to_string())
        .fetch_one(&mut **write)
        .await?;
    let id = number(&row, "id")?;
    if deletion.object == Object::Company {
        end_sessions_of_company(write, CompanyId(id), saying).await
    } else {
        end_sessions_of_person(write, PersonId(id), saying).await
    }
}
