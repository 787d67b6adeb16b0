//! What is leased: types, vehicles, contracts, and who films which vehicle.

use uuid::{Uuid, uuid};

use super::cast::{ALPHA, Company, DRIVER, OTHER};
use super::today::Today;
use crate::database::{Database, NewAssignment, NewContract, NewVehicle, NewVehicleType};
use crate::model::ObjectKey;

/// A type of vehicles. The keys, titles and instructions are the document's.
struct Type {
    code: Uuid,
    title: &'static str,
    instructions: &'static [&'static str],
}

const CAR: Type = Type {
    code: uuid!("b71e9ff8-1664-11ea-8dad-1831bf7dd029"),
    title: "Легковой автомобиль",
    instructions: &[
        "Сфотографировать лобовое стекло",
        "Обойти автомобиль справа, сфотографировать правое колесо",
        "Сфотографировать государственный номер",
        "Сфотографировать ВИН код",
        "Сфотографировать пробег",
        "Сфотографировать салон",
        "Сфотографировать шины",
        "Сфотографировать уровень масла в двигателе",
        "Сфотографировать уровень охлаждающей жидкости",
        "Сфотографировать аккумулятор",
    ],
};

const BUS: Type = Type {
    code: uuid!("b71ea040-1664-11ea-8dad-1831bf7dd029"),
    title: "Пассажирский транспорт",
    instructions: &[
        "Сфотографировать лобовое стекло",
        "Обойти автомобиль справа, сфотографировать правое колесо",
        "Сфотографировать государственный номер",
    ],
};

/// In the document it has no instructions.
const TRUCK: Type = Type {
    code: uuid!("b71ea01f-1664-11ea-8dad-1831bf7dd029"),
    title: "Грузовой автомобиль",
    instructions: &[],
};

/// A contract of leasing.
pub(super) struct Contract {
    key: Uuid,
    company: &'static Company,
    pub(super) number: &'static str,
    /// How many days from today it ends.
    ends_in: i64,
}

const ALPHA_CARS: Contract = Contract {
    key: uuid!("5a1d3c40-0c11-4a51-9a52-71d00a7c0001"),
    company: &ALPHA,
    number: "№36/20 (ДЛ)",
    ends_in: 720,
};

const ALPHA_FLEET: Contract = Contract {
    key: uuid!("5a1d3c40-0c11-4a51-9a52-71d00a7c0002"),
    company: &ALPHA,
    number: "№27-5/19 (ДФЛ)",
    ends_in: 410,
};

const OTHERS: Contract = Contract {
    key: uuid!("5a1d3c40-0c11-4a51-9a52-71d00a7c0003"),
    company: &OTHER,
    number: "№8/21 (ДФЛ)",
    ends_in: 95,
};

/// A leased vehicle.
pub(super) struct Vehicle {
    pub(super) guid: Uuid,
    kind: &'static Type,
    pub(super) contract: &'static Contract,
    plate_number: &'static str,
    vin_code: &'static str,
}

impl Vehicle {
    pub(super) const fn company(&self) -> &'static Company {
        self.contract.company
    }
}

/// Vehicle `number`, counted from one.
const fn vehicle(
    number: u128,
    kind: &'static Type,
    contract: &'static Contract,
    plate_number: &'static str,
    vin_code: &'static str,
) -> Vehicle {
    let guid = Uuid::from_u128(uuid!("5a1d3c40-0c11-4a51-9a52-71d00a7e0000").as_u128() + number);
    Vehicle { guid, kind, contract, plate_number, vin_code }
}

pub(super) const SEDAN: Vehicle = vehicle(1, &CAR, &ALPHA_CARS, "284YE02", "MXC1PABD0KK018832");
pub(super) const COACH: Vehicle = vehicle(2, &BUS, &ALPHA_FLEET, "264LE02", "XUS23278DL0001749");
pub(super) const WAGON: Vehicle = vehicle(4, &CAR, &ALPHA_CARS, "285YE02", "MXC1PABD0KK018834");
pub(super) const MINIVAN: Vehicle = vehicle(5, &BUS, &ALPHA_FLEET, "771BXA02", "Z8T4C5S09BM012345");
pub(super) const LORRY: Vehicle = vehicle(6, &TRUCK, &ALPHA_FLEET, "318TRA02", "X2FXXXESGXKM42757");
pub(super) const TIPPER: Vehicle = vehicle(7, &TRUCK, &ALPHA_FLEET, "", "XTC652004K1234567");
pub(super) const HATCHBACK: Vehicle = vehicle(3, &CAR, &OTHERS, "817KZA05", "XWW212140K2365328");

const TYPES: [&Type; 3] = [&CAR, &BUS, &TRUCK];
const CONTRACTS: [&Contract; 3] = [&ALPHA_CARS, &ALPHA_FLEET, &OTHERS];
const VEHICLES: [&Vehicle; 7] = [&SEDAN, &COACH, &WAGON, &MINIVAN, &LORRY, &TIPPER, &HATCHBACK];

/// The driver films these, which are all that wait for a video; the director sees the others too (Q37).
const DRIVERS: [&Vehicle; 5] = [&SEDAN, &COACH, &WAGON, &LORRY, &TIPPER];

/// Adds them all.
pub(super) async fn park(database: &Database, today: &Today) -> anyhow::Result<()> {
    for kind in TYPES {
        database.add_vehicle_type(&new_type(kind)).await?;
    }
    for contract in CONTRACTS {
        database.add_contract(&new_contract(contract, today)?).await?;
    }
    for vehicle in VEHICLES {
        database.add_vehicle(&new_vehicle(vehicle)).await?;
        let contract = ObjectKey::from(vehicle.contract.key);
        database.put_under_contract(vehicle.guid.into(), contract).await?;
    }
    for vehicle in DRIVERS {
        database.add_assignment(&new_assignment(vehicle)).await?;
    }
    Ok(())
}

fn new_type(kind: &Type) -> NewVehicleType {
    NewVehicleType {
        code: kind.code.into(),
        title: kind.title.to_owned(),
        instructions: kind.instructions.iter().map(|text| (*text).to_owned()).collect(),
    }
}

fn new_contract(contract: &Contract, today: &Today) -> anyhow::Result<NewContract> {
    Ok(NewContract {
        key: contract.key.into(),
        company: contract.company.id,
        number: contract.number.to_owned(),
        ends_at: Some(today.plus(contract.ends_in)?),
    })
}

fn new_vehicle(vehicle: &Vehicle) -> NewVehicle {
    NewVehicle {
        guid: vehicle.guid.into(),
        company: vehicle.company().id,
        plate_number: vehicle.plate_number.to_owned(),
        vin_code: vehicle.vin_code.to_owned(),
        type_code: vehicle.kind.code.into(),
    }
}

/// By telephone: drivers sign themselves in, so 1C may not know them.
fn new_assignment(vehicle: &Vehicle) -> NewAssignment {
    let key = Uuid::from_u128(vehicle.guid.as_u128() | 1 << 127);
    NewAssignment {
        key: ObjectKey::from(key),
        company: DRIVER.company.id,
        vehicle: vehicle.guid.into(),
        person: None,
        mobile: DRIVER.mobile.to_owned(),
    }
}
