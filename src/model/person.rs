//! Companies, persons and their roles.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A leasing customer: a company (BIN) or a private lessee (IIN).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CompanyId(pub i64);

impl CompanyId {
    /// The leasing company itself: its reviewers see the videos of all companies.
    pub const LESSOR: Self = Self(0);
}

/// The kind of a leasing customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CompanyKind {
    /// A company with a BIN.
    Company,
    /// A private lessee with an IIN (Q38).
    Person,
}

impl CompanyKind {
    /// The value in the database and in 1C's messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Person => "person",
        }
    }
}

/// A person of a company: the `id` in lists of employees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PersonId(pub i64);

/// The rights of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The director, who sees everything of the company (`role_id` 1).
    Admin,
    /// A driver (`role_id` 2).
    Employee,
    /// Reviews the videos of all companies.
    Reviewer,
}

impl Role {
    /// The value in tokens and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Employee => "employee",
            Self::Reviewer => "reviewer",
        }
    }

    /// Whether the role approves and rejects reports.
    pub const fn decides(self) -> bool {
        matches!(self, Self::Reviewer)
    }

    /// The inverse of [`Role::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Admin, Self::Employee, Self::Reviewer].into_iter().find(|role| role.as_str() == word)
    }
}

/// A caller with a verified token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub company: CompanyId,
    pub role: Role,
}
