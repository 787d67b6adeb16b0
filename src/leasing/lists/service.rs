//! The service handle, and the lists that need no cursor.

use crate::database::{
    Database, DatabaseError, DeletionOutcome, EnqueueContext, ListedEmployee, ListedVehicle,
    ListedVehicleType, ProfileRow, Scope,
};
use crate::events;
use crate::leasing::config::Config;
use crate::model::{Clock, Person, PersonId, Random, TypeCode};

/// Lists of everything that a person of a company may see. Cheap to clone.
#[derive(Clone)]
pub struct Lists {
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) config: Config,
    random: Random,
}

/// A person, and the reports and vehicles that they may see.
#[derive(Debug, Clone)]
pub struct Viewer {
    pub person: Person,
    pub(super) scope: Scope,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error("it does not exist, or the caller may not see it")]
    NotFound,
    #[error("only directors may do this")]
    DirectorsOnly,
    #[error("directors cannot delete themselves")]
    DeleteOneself,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Lists {
    pub fn new(database: Database, clock: Clock, random: Random, config: Config) -> Self {
        Self { database, clock, config, random }
    }

    /// The largest `limit` that a client may ask for.
    pub const fn max_limit(&self) -> u16 {
        self.config.list_most
    }

    /// Whether a director's profile lists the employees.
    pub const fn employees_in_profile(&self) -> bool {
        self.config.employees_in_profile
    }

    pub async fn viewer(&self, person: Person) -> Result<Viewer, ListError> {
        let scope = self.database.scope_of(&person).await?;
        Ok(Viewer { person, scope })
    }

    /// The next page of the vehicles that the viewer may see, ordered by type; empty at the end.
    pub async fn vehicles(
        &self,
        viewer: &Viewer,
        after: Option<&ListedVehicle>,
    ) -> Result<Vec<ListedVehicle>, ListError> {
        Ok(self.database.fleet_page(&viewer.scope, after, self.page_size()).await?)
    }

    /// The vehicle types with these codes, in the same order. Unknown codes are left out.
    pub async fn vehicle_types(
        &self,
        codes: &[TypeCode],
    ) -> Result<Vec<ListedVehicleType>, ListError> {
        Ok(self.database.vehicle_types(codes).await?)
    }

    /// The next page of the employees of the viewer's company; empty at the end.
    pub async fn employees(
        &self,
        viewer: &Viewer,
        after: Option<PersonId>,
    ) -> Result<Vec<ListedEmployee>, ListError> {
        let company = viewer.person.company;
        Ok(self.database.employee_page(company, after, self.page_size()).await?)
    }

    pub async fn profile(&self, person: &Person) -> Result<ProfileRow, ListError> {
        self.database.profile(person.id).await?.ok_or(ListError::NotFound)
    }

    /// Deactivates an employee (E5). Directors cannot delete themselves, so a company never loses its
    /// last director.
    pub async fn delete_employee(
        &self,
        director: &Person,
        employee: PersonId,
    ) -> Result<(), ListError> {
        if director.id == employee {
            return Err(ListError::DeleteOneself);
        }
        let context = EnqueueContext::new(&self.clock, &self.random, events::message);
        match self.database.delete_employee(director, employee, &context).await? {
            DeletionOutcome::Deleted => Ok(()),
            DeletionOutcome::NotFound => Err(ListError::NotFound),
            DeletionOutcome::NotAllowed => Err(ListError::DirectorsOnly),
        }
    }

    pub(super) fn page_size(&self) -> i64 {
        i64::from(self.config.list_page)
    }
}
