//! The `[inspect]` section of the settings.

use forte_media::inspect::{Config, Quicktime};
use jiff::SignedDuration;
use serde_json::json;

fn section() -> serde_json::Value {
    json!({
        "min_duration": "1s", "max_duration": "30m", "quicktime": "refuse",
        "cut_recording": "refuse", "max_moov": 4_194_304, "max_moof": 1_048_576,
        "max_trailing": 1_048_576, "enforce": true,
        "codecs": ["avc1"], "nal_chain": "off",
    })
}

#[test]
fn a_section_is_read() {
    let config: Config = serde_json::from_value(section()).unwrap();
    assert_eq!(config.max_duration, SignedDuration::from_mins(30));
    assert_eq!(config.quicktime, Quicktime::Refuse);
}

#[test]
fn an_unknown_or_missing_key_is_an_error() {
    let mut more = section();
    more["max_mov"] = json!(1);
    assert!(serde_json::from_value::<Config>(more).is_err());
    let mut less = section();
    less.as_object_mut().unwrap().remove("codecs");
    assert!(serde_json::from_value::<Config>(less).is_err());
}
