//! Upserts of vehicle types, vehicles, contracts and assignments.

use crate::database::column::params;
use crate::model::phone_digits;
use crate::model::search_key::{search_key, vin_tail_key};

use super::bulk::{Row, Upsert};
use super::changes::{AssignmentChange, ContractChange, TypeChange, VehicleChange};
use super::known::Known;

/// The columns of a row are the key, the version, those that are updated and those that are only
/// inserted. An older version changes nothing.
fn upsert(table: &str, key: &str, updated: &[&str], inserted: &[&str]) -> Upsert {
    let columns = [&[key, "version"], updated, inserted].concat();
    let set: Vec<_> = updated.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    Upsert {
        head: format!("INSERT INTO {table} ({})", columns.join(", ")),
        columns: columns.len(),
        tail: format!(
            "ON CONFLICT ({key}) DO UPDATE SET {}, deleted = 0, version = CASE \
             WHEN excluded.version = 0 THEN {table}.version ELSE excluded.version END \
             WHERE excluded.version = 0 OR excluded.version > {table}.version \
             RETURNING {key} AS ref_key, deleted AS state, deleted AS at, deleted AS revision, \
             deleted AS company",
            set.join(", ")
        ),
    }
}

/// The picture is not part of 1C's messages, and stays.
pub(super) fn types() -> Upsert {
    let inserted = ["picture", "picture_tag", "deleted"];
    upsert("vehicle_types", "code", &["title", "instructions"], &inserted)
}

pub(super) fn type_row(change: &TypeChange) -> Row {
    params![change.code, change.version, change.title, change.instructions, "", "", 0_i64]
}

pub(super) fn vehicles() -> Upsert {
    let updated = [
        "company_id",
        "type_code",
        "contract_ref",
        "plate_number",
        "vin_code",
        "plate_key",
        "vin_key",
        "vin_tail_key",
    ];
    upsert("vehicles", "guid", &updated, &[])
}

pub(super) fn vehicle_row(change: &VehicleChange, known: &Known) -> Result<Row, &'static str> {
    let company = known.company(change.company)?;
    known.code(change.code)?;
    known.contract(change.contract)?;
    let VehicleChange { guid, version, code, contract, plate_number, vin_code, .. } = change;
    let (plate_key, vin_key) = (search_key(plate_number), search_key(vin_code));
    let tail = vin_tail_key(vin_code);
    Ok(params![
        guid,
        version,
        company,
        code,
        contract,
        plate_number,
        vin_code,
        plate_key,
        vin_key,
        tail
    ])
}

pub(super) fn contracts() -> Upsert {
    upsert("contracts", "ref_key", &["company_id", "number", "ends_at"], &["deleted"])
}

pub(super) fn contract_row(change: &ContractChange, known: &Known) -> Result<Row, &'static str> {
    let company = known.company(change.company)?;
    Ok(params![change.key, change.version, company, change.number, change.ends_at, 0_i64])
}

pub(super) fn assignments() -> Upsert {
    let updated = ["company_id", "vehicle_guid", "person_ref", "mobile_digits"];
    upsert("assignments", "ref_key", &updated, &["deleted"])
}

pub(super) fn assignment_row(
    change: &AssignmentChange,
    known: &Known,
) -> Result<Row, &'static str> {
    let company = known.company(change.company)?;
    known.vehicle(change.vehicle)?;
    known.person(change.person, company)?;
    let AssignmentChange { key, version, vehicle, person, mobile, .. } = change;
    Ok(params![key, version, company, vehicle, person, phone_digits(mobile), 0_i64])
}
