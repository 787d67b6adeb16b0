//! Who is asking.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A leasing customer: a company (BIN) or a private lessee (IIN).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CompanyId(pub i64);

impl CompanyId {
    /// The lessor itself: its reviewers see every company's videos.
    pub const LESSOR: Self = Self(0);
}

/// What a leasing customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CompanyKind {
    /// A company, known by its BIN.
    Company,
    /// A private lessee, known by the IIN (Q38).
    Person,
}

impl CompanyKind {
    /// The word in the database and in 1C's messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Person => "person",
        }
    }
}

/// A person of a company. The number of the API's `id` in lists of employees (E4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PersonId(pub i64);

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The company's director: sees all of the company (`role_id` 1).
    Admin,
    /// A driver (`role_id` 2).
    Employee,
    /// Watches the videos of every company.
    Reviewer,
}

impl Role {
    /// The word in tokens and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Employee => "employee",
            Self::Reviewer => "reviewer",
        }
    }

    /// Whether they approve and reject.
    #[must_use]
    pub const fn decides(self) -> bool {
        matches!(self, Self::Reviewer)
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Admin, Self::Employee, Self::Reviewer].into_iter().find(|role| role.as_str() == word)
    }
}

/// A caller whose token has been verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// Of which company.
    pub company: CompanyId,
    /// With which rights.
    pub role: Role,
}
