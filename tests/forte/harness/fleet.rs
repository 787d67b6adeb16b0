//! A fleet with its reports, quickly put together.

use forte_media::database::{
    NewAssignment, NewContract, NewPerson, NewReport, NewVehicle, NewVehicleType,
};
use forte_media::model::{
    CompanyId, ObjectKey, Person, PersonId, RefKey, ReportStatus, Role, TypeCode, VehicleGuid,
    due_at,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::fixture::Fixture;

/// A vehicle to be added.
#[derive(Clone)]
pub(crate) struct Car {
    pub(crate) guid: VehicleGuid,
    pub(crate) company: CompanyId,
    pub(crate) kind: TypeCode,
    pub(crate) plate: String,
    pub(crate) vin: String,
}

/// A report to be added.
#[derive(Clone)]
pub(crate) struct Paper {
    pub(crate) ref_key: RefKey,
    pub(crate) company: CompanyId,
    pub(crate) vehicle: VehicleGuid,
    pub(crate) number: String,
    pub(crate) contract: String,
    pub(crate) starts_at: Option<Timestamp>,
    pub(crate) finishes_at: Option<Timestamp>,
    pub(crate) status: ReportStatus,
}

/// The business zone.
pub(crate) fn almaty() -> TimeZone {
    TimeZone::get("Asia/Almaty").unwrap()
}

/// A moment, as its text says.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Fixture {
    /// The director of the driver's company.
    pub(crate) async fn director(&self) -> Person {
        let director = Person { id: PersonId(7), role: Role::Admin, ..self.driver };
        self.employ(director, "Руслан", "+77021234567", None).await;
        director
    }

    /// Somebody, with a name, a telephone and perhaps a key in 1C.
    pub(crate) async fn employ(
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
            patronic_name: String::new(),
            email: String::new(),
        };
        self.database.add_person(&new).await.unwrap();
    }

    /// A fresh key of 1C.
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey::mint(&self.clock, &self.random)
    }

    /// A new type of vehicles.
    pub(crate) async fn kind(&self, title: &str, instructions: &[&str]) -> TypeCode {
        let code = TypeCode::mint(&self.clock, &self.random);
        self.kind_with(code, title, instructions).await;
        code
    }

    /// A type of vehicles with this key.
    pub(crate) async fn kind_with(&self, code: TypeCode, title: &str, instructions: &[&str]) {
        let instructions = instructions.iter().map(ToString::to_string).collect();
        let new = NewVehicleType { code, title: title.to_owned(), instructions };
        self.database.add_vehicle_type(&new).await.unwrap();
    }

    /// A vehicle of the driver's company, not added yet.
    pub(crate) fn car(&self, kind: TypeCode, plate: &str) -> Car {
        let guid = VehicleGuid::mint(&self.clock, &self.random);
        let (company, vin) = (self.driver.company, format!("VIN{plate}"));
        Car { guid, company, kind, plate: plate.to_owned(), vin }
    }

    /// Adds a vehicle.
    pub(crate) async fn park(&self, car: Car) -> VehicleGuid {
        let new = NewVehicle {
            guid: car.guid,
            company: car.company,
            plate_number: car.plate,
            vin_code: car.vin,
            type_code: car.kind,
        };
        self.database.add_vehicle(&new).await.unwrap();
        car.guid
    }

    /// A new vehicle of the driver's company.
    pub(crate) async fn vehicle(&self, kind: TypeCode, plate: &str) -> VehicleGuid {
        self.park(self.car(kind, plate)).await
    }

    /// A report of the driver's company that began today and ends in ten days, not added yet.
    pub(crate) fn paper(&self, vehicle: VehicleGuid, status: ReportStatus) -> Paper {
        Paper {
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

    /// Adds reports, all in one transaction.
    pub(crate) async fn file(&self, papers: Vec<Paper>) {
        let zone = almaty();
        let new: Vec<_> = papers.into_iter().map(|paper| new_report(paper, &zone)).collect();
        self.database.add_reports(&new).await.unwrap();
    }

    /// A new report of a vehicle with a period in days before (-) or after now.
    pub(crate) async fn filed(
        &self,
        vehicle: VehicleGuid,
        status: ReportStatus,
        days: (i64, i64),
    ) -> RefKey {
        let day = |day: i64| Some(self.now() + SignedDuration::from_hours(24 * day));
        let paper = Paper {
            starts_at: day(days.0),
            finishes_at: day(days.1),
            ..self.paper(vehicle, status)
        };
        let ref_key = paper.ref_key;
        self.file(vec![paper]).await;
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

    /// Says that a driver films a vehicle: by key, by telephone.
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

fn new_report(paper: Paper, zone: &TimeZone) -> NewReport {
    NewReport {
        ref_key: paper.ref_key,
        company: paper.company,
        vehicle: paper.vehicle,
        report_number: paper.number,
        contract_number: paper.contract,
        starts_at: paper.starts_at,
        finishes_at: paper.finishes_at,
        due_at: due_at(paper.finishes_at, zone),
        status: paper.status,
        reject_reason: String::new(),
    }
}
