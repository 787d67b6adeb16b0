//! Who is asking.

use serde::{Deserialize, Serialize};

/// A leasing customer: a company (BIN) or a private lessee (IIN).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CompanyId(pub i64);

/// A person of a company. The number of the API's `id` in lists of employees (E4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PersonId(pub i64);

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// The word in tokens and in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Employee => "employee",
            Self::Reviewer => "reviewer",
        }
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
