//! What 1C says about the fleet: types of vehicles, contracts, who films what.

use jiff::Timestamp;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{micros, or_empty};
use crate::model::{CompanyId, ObjectKey, TypeCode, VehicleGuid, phone_digits};

/// A type of vehicles to be recorded.
#[derive(Debug, Clone)]
pub struct NewVehicleType {
    /// Its key in 1C.
    pub code: TypeCode,
    /// Its title.
    pub title: String,
    /// What to film, in order.
    pub instructions: Vec<String>,
}

/// A contract to be recorded.
#[derive(Debug, Clone)]
pub struct NewContract {
    /// Its key in 1C.
    pub key: ObjectKey,
    /// Whose it is.
    pub company: CompanyId,
    /// Its number, as given.
    pub number: String,
    /// When it ends, if it does.
    pub ends_at: Option<Timestamp>,
}

/// That a driver films a vehicle (Q37).
#[derive(Debug, Clone)]
pub struct NewAssignment {
    /// Its key in 1C.
    pub key: ObjectKey,
    /// Of which company.
    pub company: CompanyId,
    /// Which vehicle.
    pub vehicle: VehicleGuid,
    /// The driver's key in 1C, if 1C knows the driver.
    pub person: Option<ObjectKey>,
    /// The driver's telephone, as given; may be empty.
    pub mobile: String,
}

impl Database {
    /// Records a type of vehicles; one that is there already stays as it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_vehicle_type(&self, new: &NewVehicleType) -> Result<(), DatabaseError> {
        sqlx::query(
            "INSERT INTO vehicle_types (code, title, instructions, picture, picture_tag, version, \
             deleted) VALUES ($1, $2, $3, '', '', 0, 0) ON CONFLICT DO NOTHING",
        )
        .bind(new.code.to_string())
        .bind(new.title.as_str())
        .bind(serde_json::json!(new.instructions).to_string())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Records a contract; one that is there already stays as it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_contract(&self, new: &NewContract) -> Result<(), DatabaseError> {
        sqlx::query(
            "INSERT INTO contracts (ref_key, company_id, number, ends_at, version, deleted) \
             VALUES ($1, $2, $3, $4, 0, 0) ON CONFLICT DO NOTHING",
        )
        .bind(new.key.to_string())
        .bind(new.company.0)
        .bind(new.number.as_str())
        .bind(micros(new.ends_at))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Puts a vehicle under a contract.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_under_contract(
        &self,
        vehicle: VehicleGuid,
        contract: ObjectKey,
    ) -> Result<(), DatabaseError> {
        sqlx::query("UPDATE vehicles SET contract_ref = $1 WHERE guid = $2")
            .bind(contract.to_string())
            .bind(vehicle.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Records who films what; what is there already stays as it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_assignment(&self, new: &NewAssignment) -> Result<(), DatabaseError> {
        sqlx::query(
            "INSERT INTO assignments (ref_key, company_id, vehicle_guid, person_ref, \
             mobile_digits, version, deleted) VALUES ($1, $2, $3, $4, $5, 0, 0) \
             ON CONFLICT DO NOTHING",
        )
        .bind(new.key.to_string())
        .bind(new.company.0)
        .bind(new.vehicle.to_string())
        .bind(or_empty(new.person.as_ref()))
        .bind(phone_digits(&new.mobile))
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
