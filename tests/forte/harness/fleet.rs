//! Vehicles, contracts, assignments and reports of the fixture's company.

use forte_media::model::{
    CompanyId, ObjectKey, Person, PersonId, RefKey, ReportStatus, Role, TypeCode, VehicleGuid,
    due_at,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::fixture::Fixture;
use super::rows::{
    NewAssignment, NewContract, NewPerson, NewReport, NewVehicle, NewVehicleType, Rows,
};

/// The fields of a vehicle to add.
#[derive(Clone)]
pub(crate) struct VehicleSpec {
    pub(crate) guid: VehicleGuid,
    pub(crate) company: CompanyId,
    pub(crate) kind: TypeCode,
    pub(crate) plate: String,
    pub(crate) vin: String,
}

/// The fields of a report to add.
#[derive(Clone)]
pub(crate) struct ReportSpec {
    pub(crate) ref_key: RefKey,
    pub(crate) company: CompanyId,
    pub(crate) vehicle: VehicleGuid,
    pub(crate) number: String,
    pub(crate) contract: String,
    pub(crate) starts_at: Option<Timestamp>,
    pub(crate) finishes_at: Option<Timestamp>,
    pub(crate) status: ReportStatus,
}

/// The business time zone.
pub(crate) fn almaty() -> TimeZone {
    TimeZone::get("Asia/Almaty").unwrap()
}

/// Parses a timestamp.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Fixture {
    /// The director of the driver's company.
    pub(crate) async fn director(&self) -> Person {
        let director = Person { id: PersonId(7), role: Role::Admin, ..self.driver };
        self.add_named_person(director, "Руслан", "+77021234567", None).await;
        director
    }

    /// Adds a person with a name, a telephone number and possibly a key in 1C.
    pub(crate) async fn add_named_person(
        &self,
        person: Person,
        first_name: &str,
        mobile: &str,
        key: Option<ObjectKey>,
    ) {
        let new = NewPerson {
            person,
            key,
            mobile: mobile.to_owned(),
            first_name: first_name.to_owned(),
            last_name: String::new(),
            email: String::new(),
        };
        self.database.add_person(&new).await.unwrap();
    }

    /// A new key of 1C.
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey::mint(&self.clock, &self.random)
    }

    /// A new vehicle type.
    pub(crate) async fn vehicle_type(&self, title: &str, instructions: &[&str]) -> TypeCode {
        let code = TypeCode::mint(&self.clock, &self.random);
        self.add_vehicle_type(code, title, instructions).await;
        code
    }

    /// Adds a vehicle type with this code.
    pub(crate) async fn add_vehicle_type(
        &self,
        code: TypeCode,
        title: &str,
        instructions: &[&str],
    ) {
        let instructions = instructions.iter().map(ToString::to_string).collect();
        let new = NewVehicleType { code, title: title.to_owned(), instructions };
        self.database.add_vehicle_type(&new).await.unwrap();
    }

    /// A vehicle of the driver's company that is not in the database yet.
    pub(crate) fn vehicle_spec(&self, kind: TypeCode, plate: &str) -> VehicleSpec {
        let guid = VehicleGuid::mint(&self.clock, &self.random);
        let (company, vin) = (self.driver.company, format!("VIN{plate}"));
        VehicleSpec { guid, company, kind, plate: plate.to_owned(), vin }
    }

    /// Adds a vehicle.
    pub(crate) async fn add_vehicle(&self, spec: VehicleSpec) -> VehicleGuid {
        let new = NewVehicle {
            guid: spec.guid,
            company: spec.company,
            plate_number: spec.plate,
            vin_code: spec.vin,
            type_code: spec.kind,
        };
        self.database.add_vehicle(&new).await.unwrap();
        spec.guid
    }

    /// A new vehicle of the driver's company.
    pub(crate) async fn vehicle(&self, kind: TypeCode, plate: &str) -> VehicleGuid {
        self.add_vehicle(self.vehicle_spec(kind, plate)).await
    }

    /// A report of the driver's company from today until ten days from now that is not in the database
    /// yet.
    pub(crate) fn report_spec(&self, vehicle: VehicleGuid, status: ReportStatus) -> ReportSpec {
        ReportSpec {
            ref_key: RefKey::mint(&self.clock, &self.random),
            company: self.driver.company,
            vehicle,
            number: "000000001".to_owned(),
            contract: "№36/20 (ДЛ)".to_owned(),
            starts_at: Some(self.now()),
            finishes_at: Some(self.now() + SignedDuration::from_hours(240)),
            status,
        }
    }

    /// Adds reports in one transaction.
    pub(crate) async fn add_reports(&self, specs: Vec<ReportSpec>) {
        let zone = almaty();
        let new: Vec<_> = specs.into_iter().map(|spec| new_report(spec, &zone)).collect();
        self.database.add_reports(&new).await.unwrap();
    }

    /// A new report of a vehicle; the period is in days before (negative) or after now.
    pub(crate) async fn report_with_period(
        &self,
        vehicle: VehicleGuid,
        status: ReportStatus,
        days: (i64, i64),
    ) -> RefKey {
        let day = |day: i64| Some(self.now() + SignedDuration::from_hours(24 * day));
        let spec = ReportSpec {
            starts_at: day(days.0),
            finishes_at: day(days.1),
            ..self.report_spec(vehicle, status)
        };
        let ref_key = spec.ref_key;
        self.add_reports(vec![spec]).await;
        ref_key
    }

    /// A contract of the driver's company.
    pub(crate) async fn contract(&self, number: &str, ends_at: &str) -> ObjectKey {
        let key = self.key();
        let ends_at = Some(at(ends_at));
        let (company, number) = (self.driver.company, number.to_owned());
        let new = NewContract { key, company, number, ends_at };
        self.database.add_contract(&new).await.unwrap();
        key
    }

    /// Assigns a driver to a vehicle, by key in 1C or by telephone number.
    pub(crate) async fn assign(
        &self,
        vehicle: VehicleGuid,
        person: Option<ObjectKey>,
        mobile: &str,
    ) {
        let key = self.key();
        let (company, mobile) = (self.driver.company, mobile.to_owned());
        let new = NewAssignment { key, company, vehicle, person, mobile };
        self.database.add_assignment(&new).await.unwrap();
    }
}

fn new_report(spec: ReportSpec, zone: &TimeZone) -> NewReport {
    NewReport {
        ref_key: spec.ref_key,
        company: spec.company,
        vehicle: spec.vehicle,
        report_number: spec.number,
        contract_number: spec.contract,
        starts_at: spec.starts_at,
        finishes_at: spec.finishes_at,
        due_at: due_at(spec.finishes_at, zone),
        status: spec.status,
    }
}
