//! Decisions that did not take effect: a message on every page, until the reviewer closes it.

use serde_json::{Value, json};

use super::filters::report_path;
use crate::http::pages::texts::{Texts, isolated};
use crate::leasing::review::ConsoleDecision;

/// A decision that did not take effect, until the reviewer closes the message.
pub(super) struct VoidView {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) url: String,
}

/// The name of a decision's report: the plate, else the report number.
pub(super) fn decided_name(decision: &ConsoleDecision) -> &str {
    if decision.plate_number.trim().is_empty() {
        &decision.report_number
    } else {
        &decision.plate_number
    }
}

pub(super) fn void_text(texts: Texts, decision: &ConsoleDecision) -> String {
    texts.with("decision.void", "plate", isolated(decided_name(decision)))
}

impl VoidView {
    pub(super) fn new(texts: Texts, decision: &ConsoleDecision) -> Self {
        Self {
            id: decision.id.to_string(),
            text: void_text(texts, decision),
            url: report_path(decision.ref_key),
        }
    }

    /// For a script.
    pub(super) fn json(&self) -> Value {
        json!({ "id": self.id, "text": self.text, "url": self.url })
    }
}
