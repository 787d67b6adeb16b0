//! Lists of reports, vehicles and employees (E4–E8), and what a person is told of themselves (E2).

mod cursor;
mod error;
mod filters;
mod reading;
mod rows;
mod words;

use crate::database::{
    Database, DeletionOutcome, EnqueueContext, ListedEmployee, ListedVehicleType, ProfileRow, Scope,
};
use crate::events;
use crate::model::{Clock, Person, PersonId, Random, TypeCode, VehicleGuid};

use super::Config;

pub use crate::database::{ListedReport, ListedVehicle};
pub use cursor::Cursor;
pub use error::ListError;
pub use filters::{DateRange, FilterError, Filters, decoded, means_nothing};
pub use reading::{Reading, Ways};
pub use rows::{
    Dates, EmployeeItem, Expired, ReportItem, ShortReport, Status, ThisVehicle, TypeItem,
    TypeTitle, VehicleChoice, VehicleItem,
};
pub use words::{RANGE_CHOICES, RangeChoices, STATUS_CHOICES, StatusChoices, user_type};

/// Lists of everything a person of a company sees. Cheap to clone.
#[derive(Clone)]
pub struct Lists {
    database: Database,
    clock: Clock,
    random: Random,
    config: Config,
    public_url: String,
}

/// What one viewer may see.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Who.
    pub person: Person,
    scope: Scope,
}

impl Lists {
    /// Lists over these records; pictures are linked to at `public_url`.
    #[must_use]
    pub fn new(
        database: Database,
        clock: Clock,
        random: Random,
        config: Config,
        public_url: String,
    ) -> Self {
        Self { database, clock, random, config, public_url }
    }

    /// The longest part of a list that can be asked for.
    #[must_use]
    pub const fn most(&self) -> u16 {
        self.config.list_most
    }

    /// Whether directors find their employees in the answer to a sign-in (Q7).
    #[must_use]
    pub const fn employees_in_profile(&self) -> bool {
        self.config.employees_in_profile
    }

    /// What this person may see (Q37).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn viewer(&self, person: Person) -> Result<Viewer, ListError> {
        let scope = self.database.scope_of(&person).await?;
        Ok(Viewer { person, scope })
    }

    /// A vehicle the viewer may see; with its type's picture, when that is wanted (R11, Q26).
    ///
    /// # Errors
    /// When there is no such vehicle, or the database fails.
    pub async fn selected(
        &self,
        viewer: &Viewer,
        vehicle: VehicleGuid,
        with_picture: bool,
    ) -> Result<Selected, ListError> {
        let row = self.database.selected_vehicle(&viewer.scope, vehicle).await?;
        let row = row.ok_or(ListError::NotFound)?;
        let picture = match row.type_code {
            Some(code) if with_picture => Some(self.database.type_picture(code).await?),
            None if with_picture => Some(String::new()),
            _ => None,
        };
        let this = self.this_vehicle(&row, picture);
        Ok(Selected { vehicle, type_code: row.type_code, plate_number: row.plate_number, this })
    }

    /// The vehicle with this type and plate, if the viewer may see one (Q25).
    ///
    /// # Errors
    /// When there is none, or the database fails.
    pub async fn vehicle_with_plate(
        &self,
        viewer: &Viewer,
        code: TypeCode,
        plate_number: &str,
    ) -> Result<VehicleGuid, ListError> {
        let found = self.database.vehicle_with_plate(&viewer.scope, code, plate_number).await?;
        found.ok_or(ListError::NotFound)
    }

    /// The next vehicles that can be chosen, by type; empty at the end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fleet(
        &self,
        viewer: &Viewer,
        after: Option<&ListedVehicle>,
    ) -> Result<Vec<ListedVehicle>, ListError> {
        Ok(self.database.fleet_page(&viewer.scope, after, self.page()).await?)
    }

    /// Those of these types that are known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn types(&self, codes: &[TypeCode]) -> Result<Vec<ListedVehicleType>, ListError> {
        Ok(self.database.vehicle_types(codes).await?)
    }

    /// The next employees of the viewer's company; empty at the end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn employees(
        &self,
        viewer: &Viewer,
        after: Option<PersonId>,
    ) -> Result<Vec<ListedEmployee>, ListError> {
        Ok(self.database.employee_page(viewer.person.company, after, self.page()).await?)
    }

    /// What a person is told about themselves.
    ///
    /// # Errors
    /// When there is no such person, or the database fails.
    pub async fn profile(&self, person: &Person) -> Result<ProfileRow, ListError> {
        self.database.profile(person.id).await?.ok_or(ListError::NotFound)
    }

    /// Deletes an employee (E5). A director cannot delete themselves: the last one of a company
    /// always is the one who asks.
    ///
    /// # Errors
    /// When that may not be, there is no such person, or the database fails.
    pub async fn delete_employee(
        &self,
        director: &Person,
        employee: PersonId,
    ) -> Result<(), ListError> {
        if director.id == employee {
            return Err(ListError::Oneself);
        }
        let context = EnqueueContext::new(&self.clock, &self.random, events::message);
        match self.database.delete_employee(director, employee, &context).await? {
            DeletionOutcome::Deleted => Ok(()),
            DeletionOutcome::NotFound => Err(ListError::NotFound),
            DeletionOutcome::NotAllowed => Err(ListError::Forbidden),
        }
    }

    fn page(&self) -> i64 {
        i64::from(self.config.list_page)
    }
}

/// The vehicle a list is about.
#[derive(Debug)]
pub struct Selected {
    /// Its key.
    pub vehicle: VehicleGuid,
    /// Its type, if it is known.
    pub type_code: Option<TypeCode>,
    /// Its plate, as given.
    pub plate_number: String,
    /// As it is shown.
    pub this: ThisVehicle,
}
