//! Who and what is in the house: companies, people, vehicles. The same in every house, so adding
//! them to a ledger that has them changes nothing.

use uuid::{Uuid, uuid};

use crate::ledger::{Ledger, LedgerError, NewCompany, NewPerson, NewVehicle};
use crate::model::{CompanyId, CompanyKind, Person, PersonId, Role, TypeCode, VehicleGuid};

/// A company or private lessee. The numbers of the first two are the document's for testing.
pub(super) struct Company {
    pub(super) id: CompanyId,
    pub(super) biin: &'static str,
    name: &'static str,
    email: &'static str,
}

/// The company everything happens in.
pub(super) const ALPHA: Company = Company {
    id: CompanyId(71),
    biin: "200940026146",
    name: "Alpha AJI Gruppe ТОО",
    email: "email@mail.ru",
};

/// Somebody who must see nothing of it.
pub(super) const OTHER: Company = Company {
    id: CompanyId(72),
    biin: "790920300817",
    name: "Ахметова Сауле Болатовна",
    email: "saule@example.kz",
};

/// Where the reviewer works.
pub(super) const LESSOR: Company = Company {
    id: CompanyId(1),
    biin: "000140000017",
    name: "ForteLeasing АО",
    email: "review@example.kz",
};

/// Somebody who lives in the house.
pub(super) struct Tenant {
    /// What `demo.json` calls them.
    pub(super) name: &'static str,
    pub(super) id: PersonId,
    pub(super) company: &'static Company,
    pub(super) role: Role,
    /// Their phone.
    pub(super) uuid: &'static str,
    mobile: &'static str,
    /// First, last and father's name.
    names: [&'static str; 3],
}

/// Sees all of Alpha.
pub(super) const DIRECTOR: Tenant = Tenant {
    name: "director",
    id: PersonId(153),
    company: &ALPHA,
    role: Role::Admin,
    uuid: "123456789012349",
    mobile: "+77021234567",
    names: ["Руслан", "Нурмуханов", "Серикович"],
};

/// Films Alpha's vehicles.
pub(super) const DRIVER: Tenant = Tenant {
    name: "driver",
    id: PersonId(154),
    company: &ALPHA,
    role: Role::Employee,
    uuid: "350123451234560",
    mobile: "87781578800",
    names: ["Иван", "", ""],
};

/// Belongs to somebody else.
pub(super) const STRANGER: Tenant = Tenant {
    name: "stranger",
    id: PersonId(160),
    company: &OTHER,
    role: Role::Admin,
    uuid: "350999990000017",
    mobile: "+77770000817",
    names: ["Сауле", "Ахметова", "Болатовна"],
};

/// Watches the videos.
pub(super) const REVIEWER: Tenant = Tenant {
    name: "reviewer",
    id: PersonId(1),
    company: &LESSOR,
    role: Role::Reviewer,
    uuid: "review-desk",
    mobile: "+77272000000",
    names: ["Айгуль", "Сейткали", "Маратовна"],
};

impl Tenant {
    /// As the ledger knows them.
    pub(super) const fn person(&self) -> Person {
        Person { id: self.id, company: self.company.id, role: self.role }
    }
}

/// A leased vehicle.
pub(super) struct Vehicle {
    pub(super) guid: Uuid,
    pub(super) company: &'static Company,
    plate_number: &'static str,
    vin_code: &'static str,
    type_code: Uuid,
    pub(super) contract: &'static str,
}

/// «Легковой автомобиль» of the document.
const CAR: Uuid = uuid!("b71e9ff8-1664-11ea-8dad-1831bf7dd029");
/// «Пассажирский транспорт» of the document.
const BUS: Uuid = uuid!("b71ea040-1664-11ea-8dad-1831bf7dd029");

pub(super) const SEDAN: Vehicle = Vehicle {
    guid: uuid!("5a1d3c40-0c11-4a51-9a52-71d00a7e0001"),
    company: &ALPHA,
    plate_number: "284YE02",
    vin_code: "MXC1PABD0KK018832",
    type_code: CAR,
    contract: "№36/20 (ДЛ)",
};

pub(super) const COACH: Vehicle = Vehicle {
    guid: uuid!("5a1d3c40-0c11-4a51-9a52-71d00a7e0002"),
    company: &ALPHA,
    plate_number: "264LE02",
    vin_code: "XUS23278DL0001749",
    type_code: BUS,
    contract: "№27-5/19 (ДФЛ)",
};

pub(super) const HATCHBACK: Vehicle = Vehicle {
    guid: uuid!("5a1d3c40-0c11-4a51-9a52-71d00a7e0003"),
    company: &OTHER,
    plate_number: "817KZA05",
    vin_code: "XWW212140K2365328",
    type_code: CAR,
    contract: "№8/21 (ДФЛ)",
};

/// Adds them all.
pub(super) async fn move_in(ledger: &Ledger) -> Result<(), LedgerError> {
    for company in [&ALPHA, &OTHER, &LESSOR] {
        ledger.add_company(&new_company(company)).await?;
    }
    for tenant in [&DIRECTOR, &DRIVER, &STRANGER, &REVIEWER] {
        ledger.add_person(&new_person(tenant)).await?;
    }
    for vehicle in [&SEDAN, &COACH, &HATCHBACK] {
        ledger.add_vehicle(&new_vehicle(vehicle)).await?;
    }
    Ok(())
}

fn new_company(company: &Company) -> NewCompany {
    NewCompany {
        id: company.id,
        key: None,
        kind: CompanyKind::Company,
        biin: company.biin.to_owned(),
        name: company.name.to_owned(),
        email: company.email.to_owned(),
    }
}

fn new_person(tenant: &Tenant) -> NewPerson {
    let [first_name, last_name, patronic_name] = tenant.names.map(str::to_owned);
    let mobile = tenant.mobile.to_owned();
    let (key, email) = (None, String::new());
    NewPerson { person: tenant.person(), key, mobile, first_name, last_name, patronic_name, email }
}

fn new_vehicle(vehicle: &Vehicle) -> NewVehicle {
    NewVehicle {
        guid: VehicleGuid::from(vehicle.guid),
        company: vehicle.company.id,
        plate_number: vehicle.plate_number.to_owned(),
        vin_code: vehicle.vin_code.to_owned(),
        type_code: TypeCode::from(vehicle.type_code),
    }
}
