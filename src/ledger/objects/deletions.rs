//! What 1C deletes stays, marked: reports are about it, and videos are evidence.

use sqlx::AssertSqlSafe;

use crate::model::{CompanyId, PersonId};

use super::super::rows::number;
use super::super::{LedgerError, Write};
use super::changes::{Gone, Object, Outcome, Saying};
use super::customers::{end_sessions_of_company, end_sessions_of_person};

/// Where an object is: its table, its key, and how it is marked.
const fn place(object: Object) -> (&'static str, &'static str, &'static str) {
    match object {
        Object::Company => ("companies", "ref_key", "active = 0"),
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
) -> Result<Outcome, LedgerError> {
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
        return Ok(if there { Outcome::Older } else { Outcome::NotThere });
    }
    end_sessions(write, deletion, saying).await?;
    Ok(Outcome::Taken)
}

async fn is_there(
    write: &mut Write,
    table: &str,
    key: &str,
    deletion: &Gone,
) -> Result<bool, LedgerError> {
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
) -> Result<(), LedgerError> {
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
