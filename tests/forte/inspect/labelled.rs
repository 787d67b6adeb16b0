//! Recordings with a verdict each: crafted after public bug reports, and made by browsers. They lie
//! beside the corpus; `odd_recordings` builds one of each kind.

use std::fs;
use std::path::Path;

use forte_media::inspect::Config;
use forte_media::model::Facts;
use serde_json::Value;

use super::corpus::print_uncaptured;
use crate::harness::makers::corpus_folder;
use crate::harness::mp4::{default_rules, judge, judge_all_ways};
use jiff::SignedDuration;

/// How far a fact with "about" may be from the number.
const TOLERANCE: f64 = 0.03;

/// Every duration is accepted: some recordings take only two seconds.
fn rules() -> Config {
    Config { min_duration: SignedDuration::from_millis(1), ..default_rules() }
}

/// What is wrong with the verdict on a file: a line of `labels.tsv` has its name, the verdict, the
/// code of the refusal, and facts.
fn mistake(folder: &Path, line: &str, columns: &[&str]) -> Option<String> {
    let cells: Vec<&str> = line.split('\t').collect();
    let cell = |name: &str| columns.iter().position(|it| *it == name).map_or("", |at| cells[at]);
    let file = fs::read(folder.join(cell("file"))).unwrap();
    let code = if cell("code").is_empty() { cell("expected") } else { cell("code") };
    let facts = if cell("facts").is_empty() { cell("expected") } else { cell("facts") };
    let found = match (judge_all_ways(&file, &rules()), cell("verdict")) {
        (Ok(found), "accepted") => wrong_facts(&found.facts, facts),
        (Err(refusal), "refused") if refusal.finding.check.code() == code => None,
        (verdict, _) => Some(format!("{verdict:?}")),
    };
    found.map(|what| format!("{}: {what}", cell("file")))
}

/// The facts that differ from `width 240, duration_ms about 3000, location absent`.
fn wrong_facts(facts: &Facts, expected: &str) -> Option<String> {
    let known = serde_json::to_value(facts).unwrap();
    let wrong = expected.split(", ").filter(|fact| !fact.is_empty()).find(|fact| {
        let words: Vec<&str> = fact.split(' ').collect();
        let number = |text: &str| text.parse::<f64>().unwrap();
        match words[..] {
            ["location", "absent"] => !known["location"].is_null(),
            ["location", lat, long] => {
                let place = &known["location"];
                let near =
                    |found: &Value, text| (found.as_f64().unwrap() - number(text)).abs() < 0.001;
                place.is_null() || !near(&place["lat"], lat) || !near(&place["long"], long)
            }
            [name, "about", value] => {
                let found = if name == "samples_ms" { &known["durations"] } else { &known };
                let found = found[name].as_f64().unwrap_or(0.0);
                (found / number(value) - 1.0).abs() > TOLERANCE
            }
            [name, value] => {
                let number = known[name].to_string();
                known[name] != value && number != value
            }
            _ => panic!("{fact}"),
        }
    });
    wrong.map(|fact| format!("not {fact}, but {known}"))
}

fn assert_as_labelled(name: &str) {
    let folder = corpus_folder().map(|folder| folder.join(name)).filter(|folder| folder.is_dir());
    let Some(folder) = folder else {
        return print_uncaptured(&format!("no corpus `{name}` found next to the package: skipped"));
    };
    let labels = fs::read_to_string(folder.join("labels.tsv")).unwrap();
    let columns: Vec<&str> = labels.lines().next().unwrap().split('\t').collect();
    let lines = labels.lines().skip(1);
    let wrong: Vec<String> = lines.filter_map(|line| mistake(&folder, line, &columns)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    print_uncaptured(&format!(
        "{} recordings in `{name}` are as labelled",
        labels.lines().count() - 1
    ));
}

#[test]
fn crafted_recordings_are_judged_as_labelled() {
    assert_as_labelled("crafted");
}

#[test]
fn recordings_made_by_browsers_are_judged_as_labelled() {
    assert_as_labelled("recorder");
}

/// An operator may ignore the media; then nothing more is refused.
#[test]
fn crafted_recordings_are_accepted_without_the_nal_check() {
    let Some(folder) = corpus_folder().map(|folder| folder.join("crafted")) else { return };
    let Ok(labels) = fs::read_to_string(folder.join("labels.tsv")) else { return };
    for line in labels.lines().filter(|line| line.contains("\taccepted\t")) {
        let file = fs::read(folder.join(line.split('\t').next().unwrap())).unwrap();
        let rules = Config { nal_chain: forte_media::inspect::NalChain::Off, ..rules() };
        assert!(judge(&file, rules).is_ok(), "{line}");
    }
}
