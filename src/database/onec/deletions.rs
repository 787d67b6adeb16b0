//! Objects that 1C deletes are only marked: reports refer to them, and videos are evidence.

use sqlx::AssertSqlSafe;

use crate::database::column::params;
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::pool::Write;
use crate::database::statement::query;

use super::changes::{ChangeOutcome, ChangeSource, ObjectDeletion, ObjectKind};
use super::customers::{end_sessions_of_company, end_sessions_of_person};

/// The table of an object, its key column, and the assignments that mark it as deleted.
const fn table_of(object: ObjectKind) -> (&'static str, &'static str, &'static str) {
    match object {
        // Another company can take its BIN, so that 1C can clean up duplicates.
        ObjectKind::Company => ("companies", "ref_key", "active = 0, biin = 'deleted:' || ref_key"),
        ObjectKind::User => ("people", "ref_key", "active = 0"),
        ObjectKind::VehicleType => ("vehicle_types", "code", "deleted = 1"),
        ObjectKind::Vehicle => ("vehicles", "guid", "deleted = 1"),
        ObjectKind::Contract => ("contracts", "ref_key", "deleted = 1"),
        ObjectKind::Report => ("reports", "ref_key", "deleted = 1"),
        ObjectKind::Assignment => ("assignments", "ref_key", "deleted = 1"),
    }
}

pub(super) async fn delete(
    write: &mut Write,
    deletion: &ObjectDeletion,
    source: ChangeSource<'_>,
) -> Result<ChangeOutcome, DatabaseError> {
    let (table, key, mark) = table_of(deletion.object);
    let sql = format!(
        "UPDATE {table} SET {mark}, version = CASE WHEN $1 > version THEN $1 ELSE version END \
         WHERE {key} = $2 AND ($1 = 0 OR $1 > version)"
    );
    let deleted = query(AssertSqlSafe(sql), params![deletion.version, deletion.key])
        .changes_one(&mut *write)
        .await?;
    if !deleted {
        if exists(write, table, key, deletion).await? {
            return Ok(ChangeOutcome::Older);
        }
        insert_tombstone(write, deletion).await?;
        return Ok(ChangeOutcome::NotFound);
    }
    end_sessions(write, deletion, source).await?;
    Ok(ChangeOutcome::Applied)
}

/// Inserts a tombstone for a deletion that arrives before its object, so that an older version of the
/// object is ignored later. Without a version it would have no effect. A person cannot be inserted
/// without a company.
async fn insert_tombstone(
    write: &mut Write,
    deletion: &ObjectDeletion,
) -> Result<(), DatabaseError> {
    if deletion.version == 0 || deletion.object == ObjectKind::User {
        return Ok(());
    }
    if deletion.object == ObjectKind::Company {
        return insert_company_tombstone(write, deletion).await;
    }
    query(tombstone_sql(deletion.object), params![deletion.key, deletion.version])
        .run(&mut *write)
        .await
}

/// Inserts an object as deleted. It belongs to no company (-1).
const fn tombstone_sql(object: ObjectKind) -> &'static str {
    match object {
        ObjectKind::VehicleType => {
            "INSERT INTO vehicle_types (code, title, instructions, picture, picture_tag, version, \
             deleted) VALUES ($1, '', '[]', '', '', $2, 1)"
        }
        ObjectKind::Vehicle => {
            "INSERT INTO vehicles (guid, company_id, plate_number, vin_code, type_code, version, \
             deleted) VALUES ($1, -1, '', '', '', $2, 1)"
        }
        ObjectKind::Contract => {
            "INSERT INTO contracts (ref_key, company_id, number, ends_at, version, deleted) \
             VALUES ($1, -1, '', 0, $2, 1)"
        }
        ObjectKind::Assignment => {
            "INSERT INTO assignments (ref_key, company_id, vehicle_guid, person_ref, \
             mobile_digits, version, deleted) VALUES ($1, -1, '', '', '', $2, 1)"
        }
        // Companies and people do not get here: see [`insert_tombstone`].
        ObjectKind::Report | ObjectKind::Company | ObjectKind::User => {
            "INSERT INTO reports (ref_key, company_id, vehicle_guid, report_number, \
             contract_number, starts_at, finishes_at, status_code, reject_reason, version, \
             deleted) VALUES ($1, -1, '', '', '', 0, 0, 1, '', $2, 1)"
        }
    }
}

async fn insert_company_tombstone(
    write: &mut Write,
    deletion: &ObjectDeletion,
) -> Result<(), DatabaseError> {
    let id = next_number(write, Counter::Companies).await?;
    let sql = "INSERT INTO companies (id, biin, name, email, active, ref_key, version) \
        VALUES ($1, 'deleted:' || $2, '', '', 0, $2, $3)";
    query(sql, params![id, deletion.key, deletion.version]).run(&mut *write).await
}

async fn exists(
    write: &mut Write,
    table: &str,
    key: &str,
    deletion: &ObjectDeletion,
) -> Result<bool, DatabaseError> {
    let sql = format!("SELECT {key} FROM {table} WHERE {key} = $1");
    query(AssertSqlSafe(sql), params![deletion.key]).exists(&mut *write).await
}

async fn end_sessions(
    write: &mut Write,
    deletion: &ObjectDeletion,
    source: ChangeSource<'_>,
) -> Result<(), DatabaseError> {
    match deletion.object {
        ObjectKind::Company => {
            let sql = "SELECT id FROM companies WHERE ref_key = $1";
            let (id,) = query(sql, params![deletion.key]).one(&mut *write).await?;
            end_sessions_of_company(write, id, source).await
        }
        ObjectKind::User => {
            let sql = "SELECT id FROM people WHERE ref_key = $1";
            let (id,) = query(sql, params![deletion.key]).one(&mut *write).await?;
            end_sessions_of_person(write, id, source).await
        }
        _ => Ok(()),
    }
}
