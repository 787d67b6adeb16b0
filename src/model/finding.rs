//! Findings of the inspection.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Check;
use super::texts::{Language, duration, megabytes, text};

/// A note, or the reason of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    #[serde(rename = "code")]
    pub check: Check,
    /// Byte position in the file.
    pub at: Option<u64>,
    /// The innermost box at the position, such as `moov/trak[2]/mdia/minf/stbl`. `[n]` counts from 1
    /// among siblings of the same type and is left out for an only one.
    #[serde(default)]
    pub path: Option<String>,
    /// What was found, in English, for developers.
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

    /// Sets the path, unless it is set.
    #[must_use]
    pub fn with_path(self, path: Option<String>) -> Self {
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

/// Why a video is refused: the `details` of the error `video_refused`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    #[serde(flatten)]
    pub finding: Finding,
    /// How many bytes had been read when the verdict was certain.
    pub judged_after: u64,
    /// What else was found by then.
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
