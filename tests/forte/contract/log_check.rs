//! `scripts/check-log` finds personal data and secrets in a log, and nothing else (S65).

use std::path::Path;
use std::process::Command;

/// Whether the script accepts a log with this line.
fn is_accepted(line: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    std::fs::write(&log, format!("INFO request: a harmless line\n{line}\n")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/check-log");
    let found = Command::new(script).arg(&log).output().unwrap();
    match found.status.code() {
        Some(0) => true,
        Some(1) => false,
        _ => panic!("{found:?}"),
    }
}

#[test]
fn personal_data_and_secrets_are_found_in_a_log() {
    let planted = [
        "token=eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJleHAiOjE2NTU4MDUzMDZ9.BX1ChASYZDE",
        "authorization: Bearer 0123456789abcdefghij",
        "authorization: Basic MjAwOTQwMDI2MTQ2OjA1ODg=",
        "biin=200940026146",
        r#"{"biin":"200940026146"}"#,
        "mobile=+77021234567",
        "mobile: 87021234567",
        "to=<driver@example.test>",
        "at 43.238949, 76.889709",
        "lat=43.2389",
        "long=76.88971",
        "path=/uploads/019e1ee4-f400-7000-8000-000000000002.c2VjcmV0LXNlY3JldA",
        "path=/media/eyJrZXkiOiJ2aWRlb3MifQ",
        "password-canary-1",
        "the address of the device is fcm-canary-7",
    ];
    for line in planted {
        assert!(!is_accepted(line), "{line}");
    }
}

#[test]
fn harmless_lines_are_accepted() {
    let harmless = [
        "2026-11-24T18:33:24.123456Z INFO request{id=646ba713d1d711ec9405005056aaa4ae}: done",
        "biin=2009****6146 company=71",
        "upload=019e1ee4-f400-7000-8000-123456789012 offset=300000 length=759548",
        "route=/uploads/{name} took 43.2 ms of 1234567890123456 us",
        "lat=43.239 long=76.890",
    ];
    for line in harmless {
        assert!(is_accepted(line), "{line}");
    }
}
