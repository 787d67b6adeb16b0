//! The latest decision that can still be undone.

use serde_json::{Value, json};

use super::console::Console;
use super::void::decided_name;
use crate::http::pages::texts::isolated;
use crate::leasing::review::ConsoleDecision;
use crate::model::Decision;

pub(super) struct UndoView {
    pub(super) id: String,
    pub(super) plate: String,
    /// `approve` or `reject`.
    pub(super) decision: &'static str,
    pub(super) text: String,
    /// In milliseconds since 1970.
    pub(super) effective_at: i64,
}

impl UndoView {
    pub(super) fn new(console: &Console, decision: &ConsoleDecision) -> Self {
        let (word, key) = match decision.decision {
            Decision::Approve => ("approve", "decision.approved"),
            Decision::Reject => ("reject", "decision.rejected"),
        };
        let left = decision.effective_at.duration_since(console.now).as_secs().max(0);
        let plate = isolated(decided_name(decision));
        Self {
            id: decision.id.to_string(),
            text: console.texts.format(key, &[("plate", &plate), ("n", &left)]),
            plate,
            decision: word,
            effective_at: decision.effective_at.as_millisecond(),
        }
    }

    /// The data for scripts.
    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "plate": self.plate,
            "decision": self.decision,
            "effectiveAt": self.effective_at,
        })
    }
}
