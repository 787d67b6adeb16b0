//! Names: words of a private vocabulary that came with the first version must not come back.

use std::collections::BTreeSet;

use super::is_pending;
use super::source::{Source, identifiers, planted};

/// Words that no name has as a segment: `bench` forbids `open_bench` and `BenchRow`, not `benches`.
const FORBIDDEN: &[&str] = &[
    "desk",
    "seat",
    "bench",
    "shelf",
    "hand",
    "told",
    "telling",
    "picks",
    "openings",
    "asking",
    "news",
    "forgetting",
    "sparing",
    "patient",
    "foreseen",
    "brought",
    "sheet",
    "trouble",
    "tenant",
    "lay_out",
    "let_go",
    "take_gate",
    "pick_up",
    "is_borne",
    "bury",
];

/// Names that contain a forbidden word and are right all the same, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn no_name_has_a_forbidden_word() {
    let sources = Source::below(&["src", "tests", "benches", "fuzz"]);
    let checked = sources.iter().filter(|source| !is_pending(&source.path));
    let complaints: Vec<String> = checked.flat_map(complaints_about).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn finds_a_forbidden_word_in_snake_case_camel_case_and_file_names() {
    let found = |path, text| complaints_about(&planted(path, text)).len();
    assert_eq!(found("src/planted.rs", "fn open_bench() {}"), 1);
    assert_eq!(found("src/planted.rs", "struct BenchRow { seat: u8 }"), 2);
    assert_eq!(found("src/planted.rs", "fn f(let_go: u8) {}"), 1);
    assert_eq!(found("src/http/sheet.rs", "fn handler(benches: Benches) {}"), 1);
}

fn complaints_about(source: &Source) -> Vec<String> {
    let mut names = Vec::new();
    identifiers(source.tokens(), &mut names);
    let stem = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    names.push((stem, 0));
    let wrong: BTreeSet<(usize, String)> = names
        .into_iter()
        .filter(|(name, _)| !EXCEPTIONS.iter().any(|(allowed, _)| allowed == name))
        .filter(|(name, _)| FORBIDDEN.iter().any(|word| has_segments(name, word)))
        .map(|(name, line)| (line, name))
        .collect();
    let path = source.path.display();
    wrong.into_iter().map(|(line, name)| format!("{path}:{line}: {name}")).collect()
}

/// Whether the segments of `word` follow one another in the name.
fn has_segments(name: &str, word: &str) -> bool {
    format!("_{}_", snake_case(name)).contains(&format!("_{word}_"))
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut after_lower = false;
    for letter in name.chars() {
        if letter.is_uppercase() && after_lower {
            snake.push('_');
        }
        after_lower = letter.is_lowercase() || letter.is_ascii_digit();
        snake.extend(letter.to_lowercase());
    }
    snake
}
