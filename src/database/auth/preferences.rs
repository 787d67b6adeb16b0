//! Preferences of a reviewer.

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::PersonId;
use crate::model::texts::Language;

/// New values of preferences; `None`: unchanged.
#[derive(Debug, Clone, Copy, Default)]
pub struct PreferenceChange {
    pub language: Option<Language>,
    /// Whether keys without a modifier are commands.
    pub single_keys: Option<bool>,
    /// How long a decision can be undone.
    pub undo_seconds: Option<u32>,
}

impl Database {
    /// Changes the preferences of a reviewer's account.
    pub async fn set_preferences(
        &self,
        person: PersonId,
        change: &PreferenceChange,
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE accounts SET \
            language = CASE WHEN $1 = '' THEN language ELSE $1 END, \
            single_keys = CASE WHEN $2 < 0 THEN single_keys ELSE $2 END, \
            undo_seconds = CASE WHEN $3 < 0 THEN undo_seconds ELSE $3 END \
            WHERE person_id = $4 AND person_id > 0";
        let language = change.language.map_or("", Language::as_str);
        let single_keys = change.single_keys.map_or(-1, i64::from);
        let undo_seconds = change.undo_seconds.map_or(-1, i64::from);
        query(sql, params![language, single_keys, undo_seconds, person]).run(&self.pool).await
    }
}
