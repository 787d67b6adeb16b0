//! Vehicles and their types, as lists show them.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::Stored;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::Statement;
use crate::model::{Instruction, TypeCode, VehicleGuid};

use super::scope::Scope;

/// Types per statement.
const TYPES: usize = 32;

/// A vehicle to filter by.
#[derive(Debug, Clone, FromRow)]
pub struct ListedVehicle {
    pub guid: VehicleGuid,
    pub plate_number: String,
    #[sqlx(try_from = "Stored<Option<TypeCode>>")]
    pub type_code: Option<TypeCode>,
}

#[derive(Debug, Clone, FromRow)]
pub struct ListedVehicleType {
    pub code: TypeCode,
    pub title: String,
    /// What to film, in order.
    #[sqlx(try_from = "Stored<Vec<Instruction>>")]
    pub instructions: Vec<Instruction>,
}

/// The vehicle whose reports are listed (R11).
#[derive(Debug, Clone, FromRow)]
pub struct SelectedVehicle {
    pub guid: VehicleGuid,
    pub plate_number: String,
    pub vin_code: String,
    #[sqlx(try_from = "Stored<Option<TypeCode>>")]
    pub type_code: Option<TypeCode>,
    /// The version of the type's picture; empty if it has none.
    pub picture_tag: String,
    /// The number of its contract, or of its newest report's; may be empty.
    pub contract_number: String,
    #[sqlx(rename = "ends_at", try_from = "Stored<Option<Timestamp>>")]
    pub contract_ends_at: Option<Timestamp>,
}

impl Database {
    /// At most `limit` vehicles that the viewer may see after `after`, ordered by type (Q28).
    pub async fn fleet_page(
        &self,
        scope: &Scope,
        after: Option<&ListedVehicle>,
        limit: i64,
    ) -> Result<Vec<ListedVehicle>, DatabaseError> {
        let mut statement = Statement::new(
            "SELECT v.guid, v.plate_number, v.type_code FROM vehicles v WHERE v.company_id = ",
        );
        statement.bind(&scope.company).push(" AND v.deleted = 0");
        scope.restrict(&mut statement, "v.guid");
        let kind = after.and_then(|last| last.type_code).map(|code| code.to_string());
        let guid = after.map(|last| last.guid.to_string()).unwrap_or_default();
        statement.push(" AND (v.type_code, v.guid) > (").bind(&kind.unwrap_or_default());
        statement.push(", ").bind(&guid).push(") ORDER BY v.type_code, v.guid LIMIT ").bind(&limit);
        statement.all(&self.pool).await
    }

    /// The known types among `codes`, in the same order. A type that 1C has deleted is included, because
    /// its vehicles and their reports are still shown.
    pub async fn vehicle_types(
        &self,
        codes: &[TypeCode],
    ) -> Result<Vec<ListedVehicleType>, DatabaseError> {
        let mut found = Vec::new();
        for chunk in codes.chunks(TYPES) {
            let mut statement = Statement::new(
                "SELECT code, title, instructions FROM vehicle_types WHERE code IN (''",
            );
            for code in chunk {
                statement.push(", ").bind(code);
            }
            statement.push(")");
            found.extend(statement.all::<ListedVehicleType>(&self.pool).await?);
        }
        found.sort_by_key(|kind| codes.iter().position(|code| *code == kind.code));
        Ok(found)
    }

    /// A vehicle the viewer may see, with its contract.
    pub async fn selected_vehicle(
        &self,
        scope: &Scope,
        guid: VehicleGuid,
    ) -> Result<Option<SelectedVehicle>, DatabaseError> {
        let mut statement = Statement::new(
            "SELECT v.guid, v.plate_number, v.vin_code, v.type_code, COALESCE(t.picture_tag, '') \
             AS picture_tag, COALESCE(c.number, '') AS contract_number, COALESCE(c.ends_at, 0) AS \
             ends_at FROM vehicles v LEFT JOIN vehicle_types t ON t.code = v.type_code AND \
             t.deleted = 0 LEFT JOIN contracts c ON c.ref_key = v.contract_ref AND c.company_id = \
             v.company_id AND c.deleted = 0 WHERE v.deleted = 0 AND v.guid = ",
        );
        statement.bind(&guid).push(" AND v.company_id = ").bind(&scope.company);
        scope.restrict(&mut statement, "v.guid");
        let selected: Option<SelectedVehicle> = statement.optional(&self.pool).await?;
        let Some(mut selected) = selected else { return Ok(None) };
        if selected.contract_number.is_empty() {
            self.add_newest_contract(scope, &mut selected).await?;
        }
        Ok(Some(selected))
    }

    /// A vehicle without a contract of its own gets that of its newest report.
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
        statement.bind(&selected.guid).push(" AND r.company_id = ").bind(&scope.company);
        statement.push(" ORDER BY r.starts_at DESC, r.ref_key DESC LIMIT 1");
        let contract: Option<(String, Stored<Option<Timestamp>>)> =
            statement.optional(&self.pool).await?;
        if let Some((number, Stored(ends_at))) = contract {
            selected.contract_number = number;
            selected.contract_ends_at = ends_at;
        }
        Ok(())
    }

    /// The first vehicle with this type and plate that the viewer may see (Q25).
    pub async fn vehicle_with_plate(
        &self,
        scope: &Scope,
        type_code: TypeCode,
        plate_number: &str,
    ) -> Result<Option<VehicleGuid>, DatabaseError> {
        let mut statement = Statement::new("SELECT v.guid FROM vehicles v WHERE v.company_id = ");
        statement
            .bind(&scope.company)
            .push(" AND v.deleted = 0 AND v.type_code = ")
            .bind(&type_code);
        statement.push(" AND v.plate_number = ").bind(plate_number);
        scope.restrict(&mut statement, "v.guid");
        statement.push(" ORDER BY v.guid LIMIT 1");
        statement.value(&self.pool).await
    }

    /// A type's picture in base64; empty if it has none.
    pub async fn type_picture(&self, code: TypeCode) -> Result<String, DatabaseError> {
        let mut statement =
            Statement::new("SELECT picture FROM vehicle_types WHERE deleted = 0 AND code = ");
        statement.bind(&code);
        Ok(statement.value(&self.pool).await?.unwrap_or_default())
    }
}
