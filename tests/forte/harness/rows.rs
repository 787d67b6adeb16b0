//! Rows as 1C's messages leave them, inserted directly. Existing rows stay as they are.

use forte_media::database::Database;
use forte_media::model::search_key::{number_key, search_key, vin_tail_key};
use forte_media::model::{
    CompanyId, CompanyKind, Instruction, ObjectKey, Person, PersonId, RefKey, ReportStatus,
    TypeCode, VehicleGuid, phone_digits,
};
use jiff::Timestamp;
use sqlx::{Any, Result};

pub(crate) struct NewCompany {
    pub(crate) id: CompanyId,
    pub(crate) key: Option<ObjectKey>,
    pub(crate) kind: CompanyKind,
    pub(crate) biin: String,
    pub(crate) name: String,
    pub(crate) email: String,
}

pub(crate) struct NewPerson {
    pub(crate) person: Person,
    pub(crate) key: Option<ObjectKey>,
    pub(crate) mobile: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email: String,
}

pub(crate) struct NewVehicleType {
    pub(crate) code: TypeCode,
    pub(crate) title: String,
    pub(crate) instructions: Vec<String>,
}

pub(crate) struct NewVehicle {
    pub(crate) guid: VehicleGuid,
    pub(crate) company: CompanyId,
    pub(crate) plate_number: String,
    pub(crate) vin_code: String,
    pub(crate) type_code: TypeCode,
}

pub(crate) struct NewContract {
    pub(crate) key: ObjectKey,
    pub(crate) company: CompanyId,
    pub(crate) number: String,
    pub(crate) ends_at: Option<Timestamp>,
}

pub(crate) struct NewAssignment {
    pub(crate) key: ObjectKey,
    pub(crate) company: CompanyId,
    pub(crate) vehicle: VehicleGuid,
    /// A driver whom 1C knows.
    pub(crate) person: Option<ObjectKey>,
    /// Of any other driver.
    pub(crate) mobile: String,
}

pub(crate) struct NewReport {
    pub(crate) ref_key: RefKey,
    pub(crate) company: CompanyId,
    pub(crate) vehicle: VehicleGuid,
    pub(crate) report_number: String,
    pub(crate) contract_number: String,
    pub(crate) starts_at: Option<Timestamp>,
    pub(crate) finishes_at: Option<Timestamp>,
    pub(crate) due_at: Timestamp,
    pub(crate) status: ReportStatus,
}

/// Inserts and changes rows of a database.
pub(crate) trait Rows {
    async fn add_company(&self, new: &NewCompany) -> Result<()>;
    async fn add_person(&self, new: &NewPerson) -> Result<()>;
    async fn add_vehicle_type(&self, new: &NewVehicleType) -> Result<()>;
    async fn add_vehicle(&self, new: &NewVehicle) -> Result<()>;
    async fn add_contract(&self, new: &NewContract) -> Result<()>;
    async fn put_under_contract(&self, vehicle: VehicleGuid, contract: ObjectKey) -> Result<()>;
    async fn add_assignment(&self, new: &NewAssignment) -> Result<()>;
    /// In one transaction.
    async fn add_reports(&self, new: &[NewReport]) -> Result<()>;
    async fn set_report_status(&self, ref_key: RefKey, status: ReportStatus) -> Result<()>;
    async fn set_person_active(&self, id: PersonId, active: bool) -> Result<()>;
}

impl Rows for Database {
    async fn add_company(&self, new: &NewCompany) -> Result<()> {
        let sql = "INSERT INTO companies (id, biin, name, email, ref_key, kind, active) \
            VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(new.id.0).bind(&new.biin).bind(&new.name);
        let query = query.bind(&new.email).bind(text(new.key)).bind(new.kind.as_str());
        query.execute(self.pool()).await.map(drop)
    }

    async fn add_person(&self, new: &NewPerson) -> Result<()> {
        let sql = "INSERT INTO people (id, company_id, role, mobile, first_name, last_name, \
            patronic_name, ref_key, mobile_digits, email, active) \
            VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, 1) ON CONFLICT DO NOTHING";
        let Person { id, company, role } = new.person;
        let query = sqlx::query(sql).bind(id.0).bind(company.0).bind(role.as_str());
        let query = query.bind(&new.mobile).bind(&new.first_name).bind(&new.last_name);
        let query = query.bind(text(new.key)).bind(phone_digits(&new.mobile)).bind(&new.email);
        query.execute(self.pool()).await.map(drop)
    }

    async fn add_vehicle_type(&self, new: &NewVehicleType) -> Result<()> {
        let sql = "INSERT INTO vehicle_types (code, title, instructions, picture, picture_tag, \
            version, deleted) VALUES ($1, $2, $3, '', '', 0, 0) ON CONFLICT DO NOTHING";
        let instructions =
            new.instructions.iter().map(|text| Instruction::of(text)).collect::<Vec<_>>();
        let instructions = serde_json::json!(instructions).to_string();
        let query = sqlx::query(sql).bind(new.code.to_string()).bind(&new.title).bind(instructions);
        query.execute(self.pool()).await.map(drop)
    }

    async fn add_vehicle(&self, new: &NewVehicle) -> Result<()> {
        let sql = "INSERT INTO vehicles (guid, company_id, plate_number, vin_code, type_code, \
            plate_key, vin_key, vin_tail_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
            ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(new.guid.to_string()).bind(new.company.0);
        let query = query.bind(&new.plate_number).bind(&new.vin_code);
        let query = query.bind(new.type_code.to_string());
        let query = query.bind(search_key(&new.plate_number)).bind(search_key(&new.vin_code));
        query.bind(vin_tail_key(&new.vin_code)).execute(self.pool()).await.map(drop)
    }

    async fn add_contract(&self, new: &NewContract) -> Result<()> {
        let sql = "INSERT INTO contracts (ref_key, company_id, number, ends_at, version, deleted) \
            VALUES ($1, $2, $3, $4, 0, 0) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(new.key.to_string()).bind(new.company.0);
        let query = query.bind(&new.number).bind(micros(new.ends_at));
        query.execute(self.pool()).await.map(drop)
    }

    async fn put_under_contract(&self, vehicle: VehicleGuid, contract: ObjectKey) -> Result<()> {
        let query = sqlx::query("UPDATE vehicles SET contract_ref = $1 WHERE guid = $2");
        let query = query.bind(contract.to_string()).bind(vehicle.to_string());
        query.execute(self.pool()).await.map(drop)
    }

    async fn add_assignment(&self, new: &NewAssignment) -> Result<()> {
        let sql = "INSERT INTO assignments (ref_key, company_id, vehicle_guid, person_ref, \
            mobile_digits, version, deleted) \
            VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(new.key.to_string()).bind(new.company.0);
        let query = query.bind(new.vehicle.to_string()).bind(text(new.person));
        query.bind(phone_digits(&new.mobile)).execute(self.pool()).await.map(drop)
    }

    async fn add_reports(&self, new: &[NewReport]) -> Result<()> {
        let mut transaction = self.pool().begin_with("BEGIN").await?;
        for report in new {
            insert_report(report).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    async fn set_report_status(&self, ref_key: RefKey, status: ReportStatus) -> Result<()> {
        let query = sqlx::query("UPDATE reports SET status_code = $1 WHERE ref_key = $2");
        let query = query.bind(status.code()).bind(ref_key.to_string());
        query.execute(self.pool()).await.map(drop)
    }

    async fn set_person_active(&self, id: PersonId, active: bool) -> Result<()> {
        let query = sqlx::query("UPDATE people SET active = $1 WHERE id = $2");
        query.bind(i64::from(active)).bind(id.0).execute(self.pool()).await.map(drop)
    }
}

fn insert_report(new: &NewReport) -> sqlx::query::Query<'_, Any, sqlx::any::AnyArguments> {
    let sql = "INSERT INTO reports (ref_key, company_id, vehicle_guid, report_number, \
        contract_number, starts_at, finishes_at, due_at, status_code, reject_reason, number_key, \
        contract_key, type_code) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, \
        COALESCE((SELECT type_code FROM vehicles WHERE guid = $3), '')) \
        ON CONFLICT DO NOTHING";
    let query = sqlx::query(sql).bind(new.ref_key.to_string()).bind(new.company.0);
    let query = query.bind(new.vehicle.to_string()).bind(new.report_number.clone());
    let query = query.bind(new.contract_number.clone()).bind(micros(new.starts_at));
    let query = query.bind(micros(new.finishes_at)).bind(new.due_at.as_microsecond());
    let query = query.bind(new.status.code()).bind(number_key(&new.report_number));
    query.bind(search_key(&new.contract_number))
}

/// An absent value is an empty text.
fn text(key: Option<ObjectKey>) -> String {
    key.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// An absent time is zero.
fn micros(at: Option<Timestamp>) -> i64 {
    at.map(Timestamp::as_microsecond).unwrap_or_default()
}
