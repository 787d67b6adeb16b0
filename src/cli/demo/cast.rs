//! Who lives in the house: companies and people. The same in every house, so adding them to a database
//! that has them changes nothing.

use crate::database::{Database, DatabaseError, NewCompany, NewPerson};
use crate::model::{CompanyId, CompanyKind, Person, PersonId, Role};

/// A company or private lessee. The numbers of the first two are the document's for testing.
pub(super) struct Company {
    pub(super) id: CompanyId,
    pub(super) biin: &'static str,
    kind: CompanyKind,
    name: &'static str,
    email: &'static str,
}

/// The company everything happens in.
pub(super) const ALPHA: Company = Company {
    id: CompanyId(71),
    biin: "200940026146",
    kind: CompanyKind::Company,
    name: "Alpha AJI Gruppe ТОО",
    email: "email@mail.ru",
};

/// Somebody who must see nothing of it.
pub(super) const OTHER: Company = Company {
    id: CompanyId(72),
    biin: "790920300817",
    kind: CompanyKind::Person,
    name: "Ахметова Сауле Болатовна",
    email: "saule@example.kz",
};

/// Where the reviewer works.
pub(super) const LESSOR: Company = Company {
    id: CompanyId::LESSOR,
    biin: "000140000017",
    kind: CompanyKind::Company,
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
    pub(super) mobile: &'static str,
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

/// The other drivers of Alpha, who have no tokens on the board.
const COLLEAGUES: [Tenant; 3] = [
    colleague("valikhan", 155, "350123451234578", "87781231233", "Валихан"),
    colleague("marat", 156, "350123451234586", "87785550102", "Марат"),
    colleague("yerlan", 157, "350123451234594", "87021578800", "Ерлан"),
];

const fn colleague(
    name: &'static str,
    id: i64,
    uuid: &'static str,
    mobile: &'static str,
    first_name: &'static str,
) -> Tenant {
    let (company, role) = (&ALPHA, Role::Employee);
    Tenant { name, id: PersonId(id), company, role, uuid, mobile, names: [first_name, "", ""] }
}

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
    id: PersonId(2),
    company: &LESSOR,
    role: Role::Reviewer,
    uuid: "review-desk",
    mobile: "+77272000000",
    names: ["Айгуль", "Сейткали", "Маратовна"],
};

impl Tenant {
    /// As the database knows them.
    pub(super) const fn person(&self) -> Person {
        Person { id: self.id, company: self.company.id, role: self.role }
    }
}

/// Adds them all.
pub(super) async fn move_in(database: &Database) -> Result<(), DatabaseError> {
    for company in [&ALPHA, &OTHER, &LESSOR] {
        database.add_company(&new_company(company)).await?;
    }
    for tenant in [&DIRECTOR, &DRIVER, &STRANGER, &REVIEWER].into_iter().chain(&COLLEAGUES) {
        database.add_person(&new_person(tenant)).await?;
    }
    Ok(())
}

fn new_company(company: &Company) -> NewCompany {
    NewCompany {
        id: company.id,
        key: None,
        kind: company.kind,
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
