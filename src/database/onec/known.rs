//! The objects that a message refers to, looked up in bulk.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Write;
use crate::database::statement::query;
use crate::model::{CompanyId, ObjectKey, TypeCode, VehicleGuid};

use super::bulk::look_up;
use super::changes::{Change, ObjectDeletion, ObjectKind};

/// The existing objects that the changes of a message refer to, and those that the message has inserted
/// so far. A reference to a deleted object is valid, because 1C keeps such objects too.
#[derive(Default)]
pub(super) struct Known {
    pub(super) companies: HashMap<ObjectKey, CompanyId>,
    /// The values are the companies of the people.
    pub(super) people: HashMap<ObjectKey, CompanyId>,
    pub(super) types: HashSet<TypeCode>,
    /// The values are the codes of their types.
    pub(super) vehicles: HashMap<VehicleGuid, String>,
    /// The values are the numbers of the contracts.
    pub(super) contracts: HashMap<ObjectKey, String>,
}

/// The keys that the changes of a message refer to.
#[derive(Default)]
struct ReferencedKeys {
    companies: HashSet<ObjectKey>,
    people: HashSet<ObjectKey>,
    types: HashSet<TypeCode>,
    vehicles: HashSet<VehicleGuid>,
    contracts: HashSet<ObjectKey>,
}

impl ReferencedKeys {
    fn of(changes: &[Change]) -> Self {
        let mut keys = Self::default();
        for change in changes {
            keys.add(change);
        }
        keys
    }

    fn add(&mut self, change: &Change) {
        match change {
            Change::Company(_)
            | Change::VehicleType(_)
            | Change::Decision(_)
            | Change::Deletion(_) => {}
            Change::User(user) => {
                self.companies.insert(user.company);
            }
            Change::Vehicle(vehicle) => {
                self.companies.insert(vehicle.company);
                self.vehicles.insert(vehicle.guid);
                self.types.insert(vehicle.code);
                self.contracts.extend(vehicle.contract);
            }
            Change::Contract(contract) => {
                self.companies.insert(contract.company);
            }
            Change::Report(report) => {
                self.companies.insert(report.company);
                self.vehicles.insert(report.vehicle);
                self.contracts.extend(report.contract);
            }
            Change::Assignment(assignment) => {
                self.companies.insert(assignment.company);
                self.vehicles.insert(assignment.vehicle);
                self.people.extend(assignment.person);
            }
        }
    }
}

impl Known {
    pub(super) async fn look_up(
        write: &mut Write,
        changes: &[Change],
    ) -> Result<Self, DatabaseError> {
        let keys = ReferencedKeys::of(changes);
        let mut known = Self::default();
        let select = "SELECT ref_key, id FROM companies WHERE ref_key IN";
        known.companies = look_up(write, select, keys.companies).await?.into_iter().collect();
        let select = "SELECT ref_key, company_id FROM people WHERE ref_key IN";
        known.people = look_up(write, select, keys.people).await?.into_iter().collect();
        let select = "SELECT code FROM vehicle_types WHERE code IN";
        let types = look_up(write, select, keys.types).await?;
        known.types = types.into_iter().map(|(code,)| code).collect();
        let select = "SELECT guid, type_code FROM vehicles WHERE guid IN";
        known.vehicles = look_up(write, select, keys.vehicles).await?.into_iter().collect();
        let select = "SELECT ref_key, number FROM contracts WHERE ref_key IN";
        known.contracts = look_up(write, select, keys.contracts).await?.into_iter().collect();
        Ok(known)
    }

    /// The company, or the name of the field with the unknown key.
    pub(super) fn company(&self, key: ObjectKey) -> Result<CompanyId, &'static str> {
        self.companies.get(&key).copied().ok_or("company_ref")
    }

    /// The code of the vehicle's type.
    pub(super) fn vehicle(&self, guid: VehicleGuid) -> Result<&str, &'static str> {
        self.vehicles.get(&guid).map(String::as_str).ok_or("vehicle_ref")
    }

    pub(super) fn code(&self, code: TypeCode) -> Result<(), &'static str> {
        self.types.contains(&code).then_some(()).ok_or("type_ref")
    }

    /// The number of the contract; empty without a reference.
    pub(super) fn contract(&self, key: Option<ObjectKey>) -> Result<&str, &'static str> {
        let Some(key) = key else { return Ok("") };
        self.contracts.get(&key).map(String::as_str).ok_or("contract_ref")
    }

    /// Checks that a person who is referred to belongs to this company.
    pub(super) fn person(
        &self,
        key: Option<ObjectKey>,
        company: CompanyId,
    ) -> Result<(), &'static str> {
        let Some(key) = key else { return Ok(()) };
        (self.people.get(&key) == Some(&company)).then_some(()).ok_or("user_ref")
    }
}

/// Locks the companies that the message changes, or whose people it changes, in the order of their ids
/// and before any other row. The deletion of an employee also locks the company before the person; a
/// message that locked them in the other order could deadlock with it.
pub(super) async fn lock_companies(
    write: &mut Write,
    changes: &[Change],
) -> Result<(), DatabaseError> {
    let (mut companies, mut biins, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::Company(company) => {
                companies.push(company.key.to_string());
                biins.push(company.biin.clone());
            }
            Change::User(user) => {
                companies.push(user.company.to_string());
                people.push(user.key.to_string());
            }
            Change::Deletion(ObjectDeletion { object: ObjectKind::Company, key, .. }) => {
                companies.push(key.to_string());
            }
            Change::Deletion(ObjectDeletion { object: ObjectKind::User, key, .. }) => {
                people.push(key.to_string());
            }
            _ => {}
        }
    }
    let mut ids = BTreeSet::new();
    for (select, keys) in [
        ("SELECT id FROM companies WHERE ref_key IN", companies),
        ("SELECT id FROM companies WHERE biin IN", biins),
        ("SELECT company_id AS id FROM people WHERE ref_key IN", people),
    ] {
        ids.extend(look_up::<(i64,)>(write, select, keys).await?);
    }
    for (id,) in ids {
        let sql = "UPDATE companies SET active = active WHERE id = $1";
        query(sql, params![id]).execute(&mut *write).await?;
    }
    Ok(())
}
