//! Pictures of vehicle types, and the company of a vehicle.

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{CompanyId, TypeCode, VehicleGuid};

impl Database {
    /// Stores the picture of a vehicle type, a PNG in base64, and its version. Returns `false` if there
    /// is no such type.
    pub async fn set_type_picture(
        &self,
        code: TypeCode,
        picture: &str,
        tag: &str,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE vehicle_types SET picture = $1, picture_tag = $2 \
            WHERE code = $3 AND deleted = 0";
        query(sql, params![picture, tag, code]).changes_one(&self.pool).await
    }

    /// The picture of a vehicle type and its version, both empty if it has none; `None` if there is no
    /// such type.
    pub async fn type_picture_and_tag(
        &self,
        code: TypeCode,
    ) -> Result<Option<(String, String)>, DatabaseError> {
        let sql = "SELECT picture, picture_tag FROM vehicle_types WHERE code = $1 AND deleted = 0";
        query(sql, params![code]).optional(&self.pool).await
    }

    /// The version of a vehicle type's picture, empty if it has none; `None` if there is no such type.
    pub async fn type_picture_tag(&self, code: TypeCode) -> Result<Option<String>, DatabaseError> {
        let sql = "SELECT picture_tag FROM vehicle_types WHERE code = $1 AND deleted = 0";
        query(sql, params![code]).value(&self.pool).await
    }

    /// The company of a vehicle; `None` if there is no such vehicle.
    pub async fn vehicle_company(
        &self,
        vehicle: VehicleGuid,
    ) -> Result<Option<CompanyId>, DatabaseError> {
        let sql = "SELECT company_id FROM vehicles WHERE guid = $1 AND deleted = 0";
        query(sql, params![vehicle]).value(&self.pool).await
    }
}
