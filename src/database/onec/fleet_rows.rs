//! Types, vehicles, contracts, assignments.

use crate::database::rows::{micros, or_empty};
use crate::model::phone_digits;

use super::bulk::{Row, Upsert};
use super::changes::{AssignmentChange, ContractChange, TypeChange, VehicleChange};
use super::known::Known;

/// What follows `VALUES` for a table with this key: older versions change nothing.
fn tail(table: &str, key: &str, columns: &[&str]) -> String {
    let set: Vec<String> =
        columns.iter().map(|column| format!("{column} = excluded.{column}")).collect();
    format!(
        "ON CONFLICT ({key}) DO UPDATE SET {}, deleted = 0, version = CASE WHEN excluded.version = 0 \
         THEN {table}.version ELSE excluded.version END \
         WHERE excluded.version = 0 OR excluded.version > {table}.version \
         RETURNING {key} AS ref_key, deleted AS state, deleted AS at, deleted AS revision, deleted AS company",
        set.join(", ")
    )
}

/// The picture comes by another door and stays.
pub(super) fn types() -> Upsert {
    Upsert {
        head: "INSERT INTO vehicle_types (code, version, title, instructions, picture, \
               picture_tag, deleted)",
        columns: 7,
        tail: tail("vehicle_types", "code", &["title", "instructions"]),
    }
}

pub(super) fn type_row(change: &TypeChange) -> Row {
    vec![
        change.code.to_string().into(),
        change.version.into(),
        change.title.as_str().into(),
        serde_json::json!(change.instructions).to_string().into(),
        "".into(),
        "".into(),
        0.into(),
    ]
}

pub(super) fn vehicles() -> Upsert {
    let columns = ["company_id", "type_code", "contract_ref", "plate_number", "vin_code"];
    Upsert {
        head: "INSERT INTO vehicles (guid, version, company_id, type_code, contract_ref, \
               plate_number, vin_code)",
        columns: 7,
        tail: tail("vehicles", "guid", &columns),
    }
}

pub(super) fn vehicle_row(change: &VehicleChange, known: &Known) -> Result<Row, &'static str> {
    let company = known.company(change.company)?;
    known.code(change.code)?;
    known.contract(change.contract)?;
    Ok(vec![
        change.guid.to_string().into(),
        change.version.into(),
        company.0.into(),
        change.code.to_string().into(),
        or_empty(change.contract.as_ref()).into(),
        change.plate_number.as_str().into(),
        change.vin_code.as_str().into(),
    ])
}

pub(super) fn contracts() -> Upsert {
    Upsert {
        head: "INSERT INTO contracts (ref_key, version, company_id, number, ends_at, deleted)",
        columns: 6,
        tail: tail("contracts", "ref_key", &["company_id", "number", "ends_at"]),
    }
}

pub(super) fn contract_row(change: &ContractChange, known: &Known) -> Result<Row, &'static str> {
    let company = known.company(change.company)?;
    Ok(vec![
        change.key.to_string().into(),
        change.version.into(),
        company.0.into(),
        change.number.as_str().into(),
        micros(change.ends_at).into(),
        0.into(),
    ])
}

pub(super) fn assignments() -> Upsert {
    let columns = ["company_id", "vehicle_guid", "person_ref", "mobile_digits"];
    Upsert {
        head: "INSERT INTO assignments (ref_key, version, company_id, vehicle_guid, person_ref, \
               mobile_digits, deleted)",
        columns: 7,
        tail: tail("assignments", "ref_key", &columns),
    }
}

pub(super) fn assignment_row(
    change: &AssignmentChange,
    known: &Known,
) -> Result<Row, &'static str> {
    let company = known.company(change.company)?;
    known.vehicle(change.vehicle)?;
    known.person(change.person, company)?;
    Ok(vec![
        change.key.to_string().into(),
        change.version.into(),
        company.0.into(),
        change.vehicle.to_string().into(),
        or_empty(change.person.as_ref()).into(),
        phone_digits(&change.mobile).into(),
        0.into(),
    ])
}
