//! Companies, persons and their roles.

use serde::{Deserialize, Serialize};

use super::words::word_enum;

/// A leasing customer: a company (BIN) or a private lessee (IIN).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CompanyId(pub i64);

impl CompanyId {
    /// The leasing company itself: its reviewers see the videos of all companies.
    pub const LESSOR: Self = Self(0);
}

word_enum! {
    /// The kind of a leasing customer.
    CompanyKind {
        /// A company with a BIN.
        Company = "company",
        /// A private lessee with an IIN (Q38).
        Person = "person",
    }
}

/// A person of a company: the `id` in lists of employees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PersonId(pub i64);

impl PersonId {
    /// Stands for a film link as the owner of uploads: the negated number of the link.
    pub const fn of_film_link(number: i64) -> Self {
        Self(-number)
    }

    /// Whether this stands for a film link and not for a person.
    pub const fn is_film_link(self) -> bool {
        self.0 < 0
    }

    /// The number of the film link for which this stands.
    pub const fn film_link_number(self) -> i64 {
        -self.0
    }

    /// The id itself, if it is a person's; `None` for a film link.
    pub fn person(self) -> Option<Self> {
        (!self.is_film_link()).then_some(self)
    }

    /// The name in custody entries and as the issuer of a film link.
    pub fn actor(self) -> String {
        if self.is_film_link() {
            format!("film-link:{}", self.film_link_number())
        } else {
            format!("person:{}", self.0)
        }
    }
}

word_enum! {
    /// The rights of a person.
    Role {
        /// The director, who sees everything of the company (`role_id` 1).
        Admin = "admin",
        /// A driver (`role_id` 2).
        Employee = "employee",
        /// Reviews the videos of their company, or of all companies for the lessor.
        Reviewer = "reviewer",
    }
}

impl Role {
    /// Whether the role approves and rejects reports.
    pub const fn decides(self) -> bool {
        matches!(self, Self::Reviewer)
    }
}

/// A person, with company and role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub company: CompanyId,
    pub role: Role,
}
