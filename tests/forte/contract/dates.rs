//! The spellings of dates that are read, and the pattern of the OpenAPI document, which must say the same.

use forte_media::model::TimeSent;
use jiff::tz::TimeZone;
use regex::Regex;

/// All of the same moment.
const ACCEPTED: &[&str] = &[
    // Swift
    "2026-05-13 05:00:00 +0000",
    "2026-05-13T05:00:00Z",
    "2026-05-13T10:00:00+05:00",
    // Java, Kotlin, Android
    "2026-05-13T10:00:00+0500",
    "2026-05-13T10:00+05:00",
    "2026-05-13T10:00:00.000000+05:00[Asia/Almaty]",
    "Wed May 13 10:00:00 GMT+05:00 2026",
    "Wed May 13 05:00:00 UTC 2026",
    "Wed May 13 05:00:00 GMT 2026",
    // Ruby
    "2026-05-13 10:00:00 +0500",
    "2026-05-13 05:00:00 UTC",
    // JavaScript
    "2026-05-13T05:00:00.000Z",
    "Wed May 13 2026 10:00:00 GMT+0500 (Kazakhstan Time)",
    "Wed May 13 2026 10:00:00 GMT+0500 (Восточно-казахстанское стандартное время)",
    "Wed, 13 May 2026 05:00:00 GMT",
    // PHP
    "Wed, 13 May 2026 10:00:00 +0500",
    "2026-05-13 10:00:00+05",
    // A form has decoded the plus.
    "2026-05-13 10:00:00 05:00",
    "2026-05-13 05:00:00  0000",
    "2026-05-13T10:00:00 0500",
    "Wed May 13 2026 10:00:00 GMT 0500 (Kazakhstan Time)",
    // Local to the zone of the service.
    "2026-05-13 10:00:00",
    "2026-05-13T10:00",
    "2026-05-13+10:00:00",
    "13.05.2026 10:00:00",
    "13.05.2026, 10:00:00",
    // RFC 2822 without the day of the week.
    "13 May 2026 10:00:00 +0500",
    " 2026-05-13 10:00:00 ",
];

const REFUSED: &[&str] = &[
    "yesterday",
    "2026-05-13",
    "13.05.2026",
    "10:00:00",
    "2026-05-13 25:00:00",
    "2026-05-13 10:00:00 (",
    "(2026-05-13 10:00:00)",
    "Wed May 13 2026",
    "",
];

/// No pattern knows the calendar.
const NOT_IN_THE_CALENDAR: &str = "2026-02-30 10:00:00";

fn parsed(text: &str) -> Option<String> {
    let zone = TimeZone::get("Asia/Almaty").unwrap();
    TimeSent::parse(text, &zone).ok().map(|time| time.at.to_string())
}

#[test]
fn every_spelling_of_the_usual_languages_is_read() {
    for text in ACCEPTED {
        assert_eq!(parsed(text).as_deref(), Some("2026-05-13T05:00:00Z"), "{text}");
    }
}

#[test]
fn what_is_no_date_with_a_time_is_refused() {
    for text in REFUSED.iter().chain([&NOT_IN_THE_CALENDAR]) {
        assert_eq!(parsed(text), None, "{text}");
    }
}

#[test]
fn the_pattern_in_the_document_matches_what_is_read() {
    let document = forte_media::http::openapi(None);
    let schemas = &document["components"]["schemas"];
    for schema in ["ReportUploadForm", "PreflightRequest"] {
        for field in ["time_sent", "recorded_at"] {
            let pattern = schemas[schema]["properties"][field]["pattern"].as_str().unwrap();
            let pattern = Regex::new(pattern).unwrap();
            for text in ACCEPTED {
                assert!(pattern.is_match(text), "{schema}.{field} does not match {text}");
            }
            for text in REFUSED {
                assert!(!pattern.is_match(text), "{schema}.{field} matches {text}");
            }
        }
    }
}
