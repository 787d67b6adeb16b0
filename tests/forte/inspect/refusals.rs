//! `docs/refusals.md` explains every code and what to do about it.

use std::env;
use std::fs;
use std::path::Path;

use forte_media::model::{Check, Effect, refusals_page};

/// The first words of the instructions to drivers.
const ACTIONS: [&str; 5] = ["Record", "Send", "Export", "Set", "Nothing"];

#[test]
fn the_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/refusals.md");
    let page = refusals_page();
    if env::var_os("FORTE_UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &page).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == page,
        "docs/refusals.md is stale; update it with \
         FORTE_UPDATE_DOCS=1 cargo test --test forte -- inspect::refusals"
    );
}

#[test]
fn every_code_tells_the_driver_what_to_do() {
    for check in Check::ALL {
        let guide = check.guide();
        for text in [guide.means, guide.driver, guide.developer] {
            assert!(text.ends_with('.') && text.len() > 7, "{check}: {text}");
        }
        let first = guide.driver.split([' ', ':']).next().unwrap();
        assert!(ACTIONS.contains(&first), "{check}: {}", guide.driver);
        assert_eq!(first == "Nothing", guide.effect == Effect::Notes, "{check}");
    }
}

#[test]
fn codes_are_listed_in_the_order_of_their_checks() {
    assert!(Check::ALL.is_sorted_by_key(|check| check.guide().check));
}
