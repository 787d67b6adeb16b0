//! Requirement codes: each code that a source file cites has a sentence in `docs/requirements.md`.

use std::collections::BTreeSet;
use std::fs;

use super::source::{Source, planted};

const PAGE: &str = "docs/requirements.md";

/// Families of codes, some with a hyphen: `S23`, `R8`.
const FAMILIES: &[&str] = &["D", "E", "F", "I", "Q", "R", "R-", "S", "T-"];
const MAX_DIGITS: usize = 2;

#[test]
fn every_cited_code_has_a_sentence() {
    let known = codes_of_page();
    let unknown: Vec<String> = Source::below(&["src", "tests", "benches", "fuzz"])
        .iter()
        .flat_map(cited)
        .filter(|(code, _)| !known.contains(code))
        .map(|(code, place)| format!("{place}: {code} is not in {PAGE}"))
        .collect();
    assert!(unknown.is_empty(), "\n{}\n", unknown.join("\n"));
}

#[test]
fn every_sentence_is_cited() {
    let sources = Source::below(&["src", "tests", "benches", "fuzz"]);
    let cited: BTreeSet<String> = sources.iter().flat_map(cited).map(|(code, _)| code).collect();
    let uncited: Vec<String> = codes_of_page().difference(&cited).cloned().collect();
    assert!(uncited.is_empty(), "in {PAGE} but not cited: {}", uncited.join(", "));
}

#[test]
fn finds_codes_in_comments_and_only_there() {
    let codes = |text| -> Vec<String> {
        cited(&planted("src/planted.rs", text)).into_iter().map(|(code, _)| code).collect()
    };
    assert_eq!(codes("/// Masked (S65, Q22); E7/Q24.\nfn f() {}"), ["S65", "Q22", "E7", "Q24"]);
    assert_eq!(codes("let x = \"S65\"; // E6, not HS256, S3, MP4, §8 or B64"), ["E6"]);
}

/// The codes in the comments of a file, each with its place.
fn cited(source: &Source) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let Some((_, comment)) = line.split_once("//") else { continue };
        let place = format!("{}:{}", source.path.display(), index + 1);
        found.extend(codes_of(comment).map(|code| (code, place.clone())));
    }
    found
}

fn codes_of(text: &str) -> impl Iterator<Item = String> + '_ {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '-';
    text.split(move |letter| !is_part(letter)).filter(|word| is_code(word)).map(str::to_owned)
}

/// S3 is a protocol.
fn is_code(word: &str) -> bool {
    let digits = word.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let family = &word[..word.len() - digits.len()];
    word != "S3"
        && FAMILIES.contains(&family)
        && (1..=MAX_DIGITS).contains(&digits.len())
        && digits.chars().all(|digit| digit.is_ascii_digit())
}

/// The first column of the tables of the page.
fn codes_of_page() -> BTreeSet<String> {
    let page = fs::read_to_string(PAGE).expect("docs/requirements.md can be read");
    page.lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|row| row.split(" | ").next())
        .filter(|code| is_code(code))
        .map(str::to_owned)
        .collect()
}
