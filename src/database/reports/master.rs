//! Inserts of vehicle types, contracts and assignments without a message of 1C, for tests.

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{CompanyId, ObjectKey, TypeCode, VehicleGuid, phone_digits};

/// A vehicle type to be inserted.
#[derive(Debug, Clone)]
pub struct NewVehicleType {
    /// Its key in 1C.
    pub code: TypeCode,
    pub title: String,
    /// What to film, in order.
    pub instructions: Vec<String>,
}

/// A contract to be inserted.
#[derive(Debug, Clone)]
pub struct NewContract {
    /// Its key in 1C.
    pub key: ObjectKey,
    pub company: CompanyId,
    pub number: String,
    /// `None`: it does not end.
    pub ends_at: Option<Timestamp>,
}

/// The assignment of a driver to a vehicle (Q37).
#[derive(Debug, Clone)]
pub struct NewAssignment {
    /// Its key in 1C.
    pub key: ObjectKey,
    pub company: CompanyId,
    pub vehicle: VehicleGuid,
    /// The driver's key in 1C, if 1C knows the driver.
    pub person: Option<ObjectKey>,
    /// The driver's phone number; may be empty.
    pub mobile: String,
}

impl Database {
    /// Inserts a vehicle type. An existing one is left unchanged.
    pub async fn add_vehicle_type(&self, new: &NewVehicleType) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO vehicle_types (code, title, instructions, picture, picture_tag, \
            version, deleted) VALUES ($1, $2, $3, '', '', 0, 0) ON CONFLICT DO NOTHING";
        query(sql, params![new.code, new.title, new.instructions]).run(&self.pool).await
    }

    /// Inserts a contract. An existing one is left unchanged.
    pub async fn add_contract(&self, new: &NewContract) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO contracts (ref_key, company_id, number, ends_at, version, deleted) \
            VALUES ($1, $2, $3, $4, 0, 0) ON CONFLICT DO NOTHING";
        query(sql, params![new.key, new.company, new.number, new.ends_at]).run(&self.pool).await
    }

    /// Sets the contract of a vehicle.
    pub async fn put_under_contract(
        &self,
        vehicle: VehicleGuid,
        contract: ObjectKey,
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE vehicles SET contract_ref = $1 WHERE guid = $2";
        query(sql, params![contract, vehicle]).run(&self.pool).await
    }

    /// Inserts an assignment. An existing one is left unchanged.
    pub async fn add_assignment(&self, new: &NewAssignment) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO assignments (ref_key, company_id, vehicle_guid, person_ref, \
            mobile_digits, version, deleted) \
            VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT DO NOTHING";
        query(
            sql,
            params![new.key, new.company, new.vehicle, new.person, phone_digits(&new.mobile)],
        )
        .run(&self.pool)
        .await
    }
}
