//! Vehicles and their types, as lists show them.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{json, optional, optional_time, parsed, text};
use crate::database::statement::Statement;
use crate::model::{TypeCode, VehicleGuid};

use super::scope::Scope;

/// How many types are asked for at a time.
const TYPES: usize = 32;

/// A vehicle that can be chosen.
#[derive(Debug, Clone)]
pub struct ListedVehicle {
    /// Its key.
    pub guid: VehicleGuid,
    /// Its plate, as given.
    pub plate_number: String,
    /// Its type, if it is known.
    pub type_code: Option<TypeCode>,
}

/// A type of vehicles.
#[derive(Debug, Clone)]
pub struct ListedVehicleType {
    /// Its key.
    pub code: TypeCode,
    /// Its title.
    pub title: String,
    /// What to film, in order.
    pub instructions: Vec<String>,
}

/// The vehicle a list is about (R11).
#[derive(Debug, Clone)]
pub struct SelectedVehicle {
    /// Its key.
    pub guid: VehicleGuid,
    /// Its plate, as given.
    pub plate_number: String,
    /// Its VIN, as given.
    pub vin_code: String,
    /// Its type, if it is known.
    pub type_code: Option<TypeCode>,
    /// The version of the type's picture; empty: it has none.
    pub picture_tag: String,
    /// The number of its contract, or of its newest report's; may be empty.
    pub contract_number: String,
    /// When the contract ends, if that is known.
    pub contract_ends_at: Option<Timestamp>,
}

impl Database {
    /// At most `limit` vehicles the viewer may see, by type, after this one (Q28).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fleet_page(
        &self,
        scope: &Scope,
        after: Option<&ListedVehicle>,
        limit: i64,
    ) -> Result<Vec<ListedVehicle>, DatabaseError> {
        let mut statement = Statement::new(
            "SELECT v.guid, v.plate_number, v.type_code FROM vehicles v WHERE v.company_id = ",
        );
        statement.number(scope.company.0).push(" AND v.deleted = 0");
        scope.restrict(&mut statement, "v.guid");
        let kind = after.and_then(|last| last.type_code).map(|code| code.to_string());
        let guid = after.map(|last| last.guid.to_string()).unwrap_or_default();
        statement.push(" AND (v.type_code, v.guid) > (").text(&kind.unwrap_or_default());
        statement
            .push(", ")
            .text(&guid)
            .push(") ORDER BY v.type_code, v.guid LIMIT ")
            .number(limit);
        statement.all(&self.pool).await?.iter().map(read_vehicle).collect()
    }

    /// Those of these types that are known, in the order of the codes. One that 1C has deleted is
    /// there too: vehicles and reports of that type are still shown.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn vehicle_types(
        &self,
        codes: &[TypeCode],
    ) -> Result<Vec<ListedVehicleType>, DatabaseError> {
        let mut found = Vec::new();
        for some in codes.chunks(TYPES) {
            let mut statement = Statement::new(
                "SELECT code, title, instructions FROM vehicle_types WHERE code IN (''",
            );
            for code in some {
                statement.push(", ").text(code);
            }
            statement.push(")");
            for row in statement.all(&self.pool).await? {
                found.push(read_type(&row)?);
            }
        }
        found.sort_by_key(|kind| codes.iter().position(|code| *code == kind.code));
        Ok(found)
    }

    /// A vehicle the viewer may see, with its contract.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn selected_vehicle(
        &self,
        scope: &Scope,
        guid: VehicleGuid,
    ) -> Result<Option<SelectedVehicle>, DatabaseError> {
        let mut statement = Statement::new(
            "SELECT v.guid, v.plate_number, v.vin_code, v.type_code, \
             COALESCE(t.picture_tag, '') AS picture_tag, COALESCE(c.number, '') AS contract_number, \
             COALESCE(c.ends_at, 0) AS ends_at FROM vehicles v \
             LEFT JOIN vehicle_types t ON t.code = v.type_code AND t.deleted = 0 \
             LEFT JOIN contracts c ON c.ref_key = v.contract_ref AND c.company_id = v.company_id \
             AND c.deleted = 0 WHERE v.deleted = 0 AND v.guid = ",
        );
        statement.text(&guid).push(" AND v.company_id = ").number(scope.company.0);
        scope.restrict(&mut statement, "v.guid");
        let Some(row) = statement.one(&self.pool).await? else { return Ok(None) };
        let mut selected = read_selected(&row)?;
        if selected.contract_number.is_empty() {
            self.add_newest_contract(scope, &mut selected).await?;
        }
        Ok(Some(selected))
    }

    /// A vehicle that has no contract of its own has that of its newest report.
    async fn add_newest_contract(
        &self,
        scope: &Scope,
        selected: &mut SelectedVehicle,
    ) -> Result<(), DatabaseError> {
        let mut statement = Statement::new(
            "SELECT COALESCE(c.number, r.contract_number) AS contract_number, \
             COALESCE(c.ends_at, 0) AS ends_at FROM reports r LEFT JOIN contracts c \
             ON c.ref_key = r.contract_ref AND c.company_id = r.company_id AND c.deleted = 0 \
             WHERE r.deleted = 0 AND r.vehicle_guid = ",
        );
        statement.text(&selected.guid).push(" AND r.company_id = ").number(scope.company.0);
        statement.push(" ORDER BY r.starts_at DESC, r.ref_key DESC LIMIT 1");
        let Some(row) = statement.one(&self.pool).await? else { return Ok(()) };
        selected.contract_number = text(&row, "contract_number")?;
        selected.contract_ends_at = optional_time(&row, "ends_at")?;
        Ok(())
    }

    /// The first vehicle with this type and plate that the viewer may see (Q25).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn vehicle_with_plate(
        &self,
        scope: &Scope,
        type_code: TypeCode,
        plate_number: &str,
    ) -> Result<Option<VehicleGuid>, DatabaseError> {
        let mut statement = Statement::new("SELECT v.guid FROM vehicles v WHERE v.company_id = ");
        statement
            .number(scope.company.0)
            .push(" AND v.deleted = 0 AND v.type_code = ")
            .text(&type_code);
        statement.push(" AND v.plate_number = ").text(&plate_number);
        scope.restrict(&mut statement, "v.guid");
        statement.push(" ORDER BY v.guid LIMIT 1");
        let row = statement.one(&self.pool).await?;
        row.as_ref().map(|row| parsed(row, "guid")).transpose()
    }

    /// A type's picture, as base64; empty when it has none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn type_picture(&self, code: TypeCode) -> Result<String, DatabaseError> {
        let mut statement =
            Statement::new("SELECT picture FROM vehicle_types WHERE deleted = 0 AND code = ");
        statement.text(&code);
        let row = statement.one(&self.pool).await?;
        row.as_ref().map_or_else(|| Ok(String::new()), |row| text(row, "picture"))
    }
}

fn read_vehicle(row: &AnyRow) -> Result<ListedVehicle, DatabaseError> {
    Ok(ListedVehicle {
        guid: parsed(row, "guid")?,
        plate_number: text(row, "plate_number")?,
        type_code: optional(row, "type_code")?,
    })
}

fn read_type(row: &AnyRow) -> Result<ListedVehicleType, DatabaseError> {
    Ok(ListedVehicleType {
        code: parsed(row, "code")?,
        title: text(row, "title")?,
        instructions: json(row, "instructions")?,
    })
}

fn read_selected(row: &AnyRow) -> Result<SelectedVehicle, DatabaseError> {
    Ok(SelectedVehicle {
        guid: parsed(row, "guid")?,
        plate_number: text(row, "plate_number")?,
        vin_code: text(row, "vin_code")?,
        type_code: optional(row, "type_code")?,
        picture_tag: text(row, "picture_tag")?,
        contract_number: text(row, "contract_number")?,
        contract_ends_at: optional_time(row, "ends_at")?,
    })
}
