//! Sizes: short functions and files.

use proc_macro2::Span;

use super::is_pending;
use super::source::{Source, function_bodies};

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 70;
/// Lines of the function at the 90th percentile.
const MAX_LONG_FUNCTION_LINES: usize = 20;

#[test]
fn no_file_is_longer_than_400_lines() {
    let long: Vec<String> = Source::below(&["src", "tests"])
        .iter()
        .filter(|source| !is_pending(&source.path))
        .map(|source| (source.text.lines().count(), source.path.display().to_string()))
        .filter(|(lines, _)| *lines > MAX_FILE_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "\n{}\n", long.join("\n"));
}

#[test]
fn functions_are_short() {
    let mut lengths: Vec<(usize, String)> = Source::below(&["src"])
        .iter()
        .filter(|source| !is_pending(&source.path))
        .flat_map(function_lengths)
        .collect();
    lengths.sort();
    let (longest, name) = lengths.last().expect("src has functions");
    assert!(*longest <= MAX_FUNCTION_LINES, "{name} has {longest} lines");
    let at = |part: usize| lengths[lengths.len() * part / 100].0;
    println!("functions: {}, median {} lines, 90th percentile {}", lengths.len(), at(50), at(90));
    assert!(at(90) <= MAX_LONG_FUNCTION_LINES, "the 90th percentile is {} lines", at(90));
}

/// The lines of each function from the opening to the closing brace, and the line of its head.
fn function_lengths(source: &Source) -> Vec<(usize, String)> {
    let mut bodies = Vec::new();
    function_bodies(source.tokens(), &mut bodies);
    let line = |span: Span| span.start().line;
    bodies
        .into_iter()
        .map(|(name, body)| {
            let lines = line(body.span_close()) - line(body.span_open()) + 1;
            (lines, format!("{}: {name}", source.path.display()))
        })
        .collect()
}
