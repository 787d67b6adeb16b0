//! The rejection form, with a preview of the text for the driver.

use crate::http::browser_session::PageForm;
use crate::http::pages::texts::Texts;
use crate::leasing::review::ReviewedReport;
use crate::model::{Instruction, RejectCode, Rejection, RejectionError};

/// The input of the form.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) rejection: Rejection,
    /// The reason why the form was refused; empty if it was not.
    pub(super) problem: String,
    /// Whether the form is shown instead of the checks.
    pub(super) is_open: bool,
}

pub(super) struct ChoiceView {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) is_chosen: bool,
}

pub(super) struct RejectView {
    pub(super) is_open: bool,
    pub(super) problem: String,
    pub(super) items: Vec<ChoiceView>,
    pub(super) codes: Vec<ChoiceView>,
    pub(super) text: String,
    pub(super) longest: usize,
    pub(super) left: String,
    /// The lines of the text for the driver.
    pub(super) preview: Vec<String>,
}

impl RejectView {
    pub(super) fn new(texts: Texts, report: &ReviewedReport, draft: &Draft) -> Self {
        let rejection = &draft.rejection;
        let item = |item: &Instruction| ChoiceView {
            value: item.ru.clone(),
            text: item.short_text(texts.language).to_owned(),
            is_chosen: rejection.items.contains(&item.ru),
        };
        let code = |code: RejectCode| ChoiceView {
            value: code.as_str().to_owned(),
            text: code.text().get(texts.language).to_owned(),
            is_chosen: rejection.codes.contains(&code),
        };
        let left = Rejection::LONGEST_TEXT.saturating_sub(rejection.text.chars().count());
        let read = rejection.translated(texts.language, &report.instructions);
        let preview = read.compose(texts.language);
        Self {
            is_open: draft.is_open,
            problem: draft.problem.clone(),
            items: report.instructions.iter().map(item).collect(),
            codes: RejectCode::ALL.map(code).into(),
            text: rejection.text.clone(),
            longest: Rejection::LONGEST_TEXT,
            left: texts.count("reject.left", left as u64),
            preview: preview.lines().map(str::to_owned).collect(),
        }
    }
}

/// The reasons of a form. Unknown codes are ignored.
pub(super) fn rejection_of(form: &PageForm) -> Rejection {
    Rejection {
        codes: form.all("code").filter_map(RejectCode::from_word).collect(),
        items: form.all("item").map(str::to_owned).collect(),
        text: form.get("text").unwrap_or_default().to_owned(),
    }
}

pub(super) const fn problem_key(error: RejectionError) -> &'static str {
    match error {
        RejectionError::Empty => "reject.empty",
        RejectionError::TextTooLong
        | RejectionError::TooManyItems
        | RejectionError::ReasonTooLong => "reject.too_long",
        RejectionError::ControlCharacter => "reject.bad",
    }
}
