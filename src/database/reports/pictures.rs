//! Pictures of types of vehicles, and whose a vehicle is.

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{number, text};
use crate::model::{CompanyId, TypeCode, VehicleGuid};

impl Database {
    /// Gives a type of vehicles its picture: a PNG in base64, and its version. False when there is
    /// no such type.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_type_picture(
        &self,
        code: TypeCode,
        picture: &str,
        tag: &str,
    ) -> Result<bool, DatabaseError> {
        let done = sqlx::query(
            "UPDATE vehicle_types SET picture = $1, picture_tag = $2 WHERE code = $3 AND deleted = 0",
        )
        .bind(picture)
        .bind(tag)
        .bind(code.to_string())
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The picture of a type of vehicles and its version, both empty when it has none; none when
    /// there is no such type.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn type_picture_and_tag(
        &self,
        code: TypeCode,
    ) -> Result<Option<(String, String)>, DatabaseError> {
        let row = sqlx::query(
            "SELECT picture, picture_tag FROM vehicle_types WHERE code = $1 AND deleted = 0",
        )
        .bind(code.to_string())
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| Ok((text(&row, "picture")?, text(&row, "picture_tag")?))).transpose()
    }

    /// Whose a vehicle is; none when there is no such vehicle.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn vehicle_company(
        &self,
        vehicle: VehicleGuid,
    ) -> Result<Option<CompanyId>, DatabaseError> {
        let row = sqlx::query("SELECT company_id FROM vehicles WHERE guid = $1 AND deleted = 0")
            .bind(vehicle.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Ok(CompanyId(number(&row, "company_id")?))).transpose()
    }
}
