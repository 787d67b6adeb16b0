//! Which reports and vehicles a viewer may see (Q37).

use crate::database::column::{Stored, params};
use crate::database::config::EmployeesSee;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::{Statement, query};
use crate::model::{CompanyId, Person, RefKey, Role};

/// What a viewer may see: all of a company, or the vehicles assigned to one driver.
#[derive(Debug, Clone)]
pub struct Scope {
    pub company: CompanyId,
    /// Only the vehicles assigned to this driver; `None`: all.
    pub only: Option<DriverKeys>,
}

/// The keys by which assignments name a driver.
#[derive(Debug, Clone)]
pub struct DriverKeys {
    /// The key in 1C; may be empty.
    pub person_ref: String,
    /// The normalized telephone; may be empty.
    pub mobile_digits: String,
}

impl Database {
    /// Sets which vehicles drivers see.
    #[must_use]
    pub fn with_employees_see(self, employees_see: EmployeesSee) -> Self {
        Self { employees_see, ..self }
    }

    /// What a person may see of their company.
    pub async fn scope_of(&self, person: &Person) -> Result<Scope, DatabaseError> {
        if person.id.is_film_link() {
            // A link has one report and no vehicle: the empty keys match nothing.
            let keys = DriverKeys { person_ref: String::new(), mobile_digits: String::new() };
            return Ok(Scope { company: person.company, only: Some(keys) });
        }
        if person.role == Role::Employee && self.employees_see == EmployeesSee::Assigned {
            return self.scope_of_driver(person).await;
        }
        Ok(Scope { company: person.company, only: None })
    }

    /// Whether a person may see a report. The caller checks that it belongs to the person's company.
    pub async fn may_see_report(
        &self,
        person: &Person,
        ref_key: RefKey,
    ) -> Result<bool, DatabaseError> {
        if person.id.is_film_link() {
            return Ok(self.film_link_report(person.id).await? == Some(ref_key));
        }
        let scope = self.scope_of(person).await?;
        if scope.only.is_none() {
            return Ok(true);
        }
        let mut statement = Statement::new("SELECT r.ref_key FROM reports r WHERE r.ref_key = ");
        statement.bind(&ref_key).push(" AND r.deleted = 0");
        scope.restrict(&mut statement, "r.vehicle_guid");
        statement.exists(&self.pool).await
    }

    /// The reports among `ref_keys` that a person may see. The caller checks that they belong to the
    /// person's company.
    pub async fn visible_reports(
        &self,
        person: &Person,
        ref_keys: &[RefKey],
    ) -> Result<Vec<RefKey>, DatabaseError> {
        let Some(first) = ref_keys.first() else { return Ok(Vec::new()) };
        if person.id.is_film_link() {
            let own = self.film_link_report(person.id).await?;
            return Ok(own.into_iter().filter(|own| ref_keys.contains(own)).collect());
        }
        let scope = self.scope_of(person).await?;
        if scope.only.is_none() {
            return Ok(ref_keys.to_vec());
        }
        let mut statement = Statement::new("SELECT r.ref_key FROM reports r WHERE r.ref_key IN (");
        statement.bind(first);
        for ref_key in ref_keys.iter().skip(1) {
            statement.push(", ").bind(ref_key);
        }
        statement.push(") AND r.deleted = 0");
        scope.restrict(&mut statement, "r.vehicle_guid");
        statement.values(&self.pool).await
    }

    /// What a driver may see: the vehicles assigned to them, or all of the company as long as it has no
    /// assignments (Q37).
    pub async fn scope_of_driver(&self, driver: &Person) -> Result<Scope, DatabaseError> {
        let sql = "SELECT p.ref_key, p.mobile_digits, CAST(CASE WHEN EXISTS (SELECT 1 \
            FROM assignments a WHERE a.company_id = p.company_id AND a.deleted = 0) THEN 1 ELSE 0 \
            END AS BIGINT) AS assigns FROM people p WHERE p.id = $1";
        let found: Option<(String, String, Stored<bool>)> =
            query(sql, params![driver.id]).optional(&self.pool).await?;
        // An unknown driver has no keys, and sees nothing.
        let (person_ref, mobile_digits, Stored(assigns)) =
            found.unwrap_or((String::new(), String::new(), Stored(true)));
        let only = assigns.then_some(DriverKeys { person_ref, mobile_digits });
        Ok(Scope { company: driver.company, only })
    }
}

impl Scope {
    /// Appends the condition that `column` is a vehicle of this scope. The caller appends the condition
    /// on the company, which decides the index that is used.
    pub(super) fn restrict(&self, statement: &mut Statement, column: &str) {
        let Some(keys) = &self.only else { return };
        let named = [("person_ref", &keys.person_ref), ("mobile_digits", &keys.mobile_digits)];
        let mut begin = " IN (";
        statement.push(" AND ").push(column);
        for (by, key) in named.into_iter().filter(|(_, key)| !key.is_empty()) {
            statement.push(begin).push("SELECT vehicle_guid FROM assignments WHERE company_id = ");
            statement.bind(&self.company).push(" AND deleted = 0 AND ").push(by);
            statement.push(" = ").bind(key);
            begin = " UNION ";
        }
        // A driver with neither a key nor a phone number has no vehicle.
        statement.push(if begin == " IN (" { " IN ('-')" } else { ")" });
    }
}
