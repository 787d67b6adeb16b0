//! What the inspection has to say about a file.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Check;
use super::texts::{Language, duration, megabytes, text};

/// One thing found: a note, or the reason of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Which check found it.
    #[serde(rename = "code")]
    pub check: Check,
    /// Byte position of the trouble in the file, where it has one.
    pub at: Option<u64>,
    /// The box of the trouble, such as `moov/trak[2]/mdia/minf/stbl`, where it is known: the
    /// innermost one that holds or begins at the position. `[n]` counts from 1 among siblings of
    /// the same kind and is left out where there is one only.
    #[serde(default)] // notes that were stored before there was a path
    pub path: Option<String>,
    /// A sentence a person can act on.
    pub message: String,
    /// The limit that the file breaks: the numbers for the driver's sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub limit: Option<BrokenLimit>,
}

/// A limit set by the operator that a file breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrokenLimit {
    /// The file has more bytes than `max_bytes`.
    TooLarge { max_bytes: u64 },
    /// The recording lasts only `duration_ms`.
    TooShort { duration_ms: u64 },
    /// The recording lasts longer than `max_ms`.
    TooLong { max_ms: u64 },
}

impl Finding {
    /// A finding at a byte position.
    pub fn at(check: Check, at: u64, message: impl Into<String>) -> Self {
        Self { at: Some(at), ..Self::whole(check, message) }
    }

    /// A finding about the file as a whole.
    pub fn whole(check: Check, message: impl Into<String>) -> Self {
        Self { check, at: None, path: None, message: message.into(), limit: None }
    }

    /// The same finding with the numbers for the driver's sentence.
    #[must_use]
    pub fn with_limit(self, limit: BrokenLimit) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// The same finding as the reason of a refusal: its message also says what the driver should do.
    #[must_use]
    pub fn asking(self) -> Self {
        let message = format!("{} {}", self.message, self.check.guide().driver);
        Self { message, ..self }
    }

    /// The same finding, with the box it is in, unless that is known already.
    #[must_use]
    pub fn within(self, path: Option<String>) -> Self {
        Self { path: self.path.or(path), ..self }
    }

    /// What a driver reads when the video is refused for this reason: what is wrong, and what to do.
    pub fn driver_text(&self, language: Language) -> String {
        let time = |millis| {
            let millis = i64::try_from(millis).unwrap_or(i64::MAX);
            duration(language, SignedDuration::from_millis(millis))
        };
        match self.limit {
            None => self.check.driver_text().get(language).to_owned(),
            Some(BrokenLimit::TooLarge { max_bytes }) => text!("refuse.too_large")
                .format(language, &[("mb", &megabytes(language, max_bytes))]),
            Some(BrokenLimit::TooShort { duration_ms }) => {
                text!("refuse.too_short").format(language, &[("t", &time(duration_ms))])
            }
            Some(BrokenLimit::TooLong { max_ms }) => {
                text!("refuse.too_long").format(language, &[("t", &time(max_ms))])
            }
        }
    }
}

/// Why a file is no good, and how early that was certain. `details` of a `video_refused` answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Bytes read when it was certain.
    pub judged_after: u64,
    /// What else was noticed.
    pub notes: Vec<Finding>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_text_for_drivers_without_open_parameters() {
        for check in Check::ALL {
            for language in Language::ALL {
                let text = Finding::whole(*check, "").driver_text(language);
                assert!(text.ends_with('.') && !text.contains('{'), "{check}: {text}");
            }
        }
    }

    #[test]
    fn no_text_asks_a_driver_to_export_or_convert_a_video() {
        for text in Check::ALL.iter().map(|check| check.driver_text().get(Language::English)) {
            let text = text.to_lowercase();
            assert!(!text.contains("export") && !text.contains("convert"), "{text}");
        }
    }

    #[test]
    fn a_broken_limit_fills_in_its_numbers() {
        // `_` stands for a space that does not break.
        let shown = |limit| {
            let finding = Finding::whole(Check::DurationOutOfRange, "").with_limit(limit);
            finding.driver_text(Language::Russian).replace('\u{a0}', "_")
        };
        assert_eq!(
            shown(BrokenLimit::TooShort { duration_ms: 400 }),
            "Видео слишком короткое: 0,4_с. Обойдите автомобиль и покажите всё."
        );
        assert_eq!(
            shown(BrokenLimit::TooLong { max_ms: 1_800_000 }),
            "Видео длиннее 30_мин. Снимите короче."
        );
        assert_eq!(
            shown(BrokenLimit::TooLarge { max_bytes: 64 << 20 }),
            "Видео больше 64_МБ. Снимите короче или снизьте качество в настройках камеры."
        );
    }
}
