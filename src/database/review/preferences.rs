//! Reviewers, and their settings of the console.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::database::column::{Stored, columns, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::PersonId;

/// How long a decision can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub enum UndoFor {
    Ten,
    Twenty,
    Sixty,
}

impl UndoFor {
    pub const ALL: [Self; 3] = [Self::Ten, Self::Twenty, Self::Sixty];

    pub const fn seconds(self) -> i64 {
        match self {
            Self::Ten => 10,
            Self::Twenty => 20,
            Self::Sixty => 60,
        }
    }
}

impl From<UndoFor> for i64 {
    fn from(undo: UndoFor) -> Self {
        undo.seconds()
    }
}

impl TryFrom<i64> for UndoFor {
    type Error = String;

    fn try_from(seconds: i64) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|undo| undo.seconds() == seconds);
        found.ok_or_else(|| format!("`{seconds}` is none of: 10, 20, 60"))
    }
}

columns!(i64, |seconds| Self::try_from(seconds).ok(), |undo| undo.seconds(); UndoFor);

/// A reviewer's settings of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewPreferences {
    pub undo_for: UndoFor,
    /// Whether keys without a modifier are commands. They break speech input.
    pub single_keys: bool,
}

/// What the console needs to know about a reviewer.
#[derive(Debug, Clone, FromRow)]
pub struct ReviewerRow {
    /// First and last name.
    pub name: String,
    /// `None`: the default.
    #[sqlx(rename = "undo_seconds", try_from = "Stored<Option<UndoFor>>")]
    pub undo_for: Option<UndoFor>,
    #[sqlx(try_from = "Stored<bool>")]
    pub single_keys: bool,
}

impl Database {
    /// The name and the settings of a reviewer. Without an account the settings are the defaults.
    pub async fn reviewer(&self, person: PersonId) -> Result<Option<ReviewerRow>, DatabaseError> {
        let sql = "SELECT TRIM(p.first_name || ' ' || p.last_name) AS name, \
            COALESCE(a.undo_seconds, 0) AS undo_seconds, COALESCE(a.single_keys, 1) AS single_keys \
            FROM people p LEFT JOIN accounts a ON a.person_id = p.id AND a.kind = 'reviewer' \
            WHERE p.id = $1 LIMIT 1";
        query(sql, params![person]).optional(&self.pool).await
    }
}
