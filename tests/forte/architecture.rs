//! The house keeps its plan: every source file names only the rooms and libraries it may.
//!
//! The table below is the one in `ARCHITECTURE.md`. Whoever needs a new arrow changes both, on
//! purpose, and says why.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A room and the rooms it may name.
struct Room {
    name: &'static str,
    /// Rooms it may use as it likes.
    may_use: &'static [&'static str],
    /// Rooms of which it may name the settings only: paths that end in a name of settings.
    settings_of: &'static [&'static str],
}

const fn room(name: &'static str, may_use: &'static [&'static str]) -> Room {
    Room { name, may_use, settings_of: &[] }
}

const EVERY_ROOM: &[&str] = &[
    "app",
    "blob",
    "cli",
    "config",
    "exchange",
    "http",
    "inspect",
    "leasing",
    "ledger",
    "lib",
    "library",
    "main",
    "model",
    "notify",
    "outbox",
    "shutdown",
    "telemetry",
    "upload",
];

const HOUSE: &[Room] = &[
    room("model", &[]),
    room("inspect", &["model"]),
    room("blob", &["model"]),
    room("ledger", &["model"]),
    room("upload", &["model", "inspect", "blob", "ledger"]),
    room("library", &["model", "blob", "ledger"]),
    room("leasing", &["model", "ledger"]),
    room("exchange", &["model", "ledger", "leasing"]),
    room("notify", &["model"]),
    room("outbox", &["model", "ledger", "notify"]),
    Room {
        name: "http",
        may_use: &["model", "upload", "library", "leasing", "exchange", "outbox"],
        settings_of: &["config"],
    },
    room("app", EVERY_ROOM),
    Room { name: "config", may_use: &["model"], settings_of: EVERY_ROOM },
    // What a subcommand drives is nearly everything; what it drives, it drives from outside.
    room("cli", EVERY_ROOM),
    room("main", &["app", "cli", "config", "shutdown", "telemetry"]),
    room("lib", &[]),
    room("telemetry", &["model", "config"]),
    room("shutdown", &["model", "config"]),
];

/// Names of settings, beside those that end in `Config`.
const SETTINGS: &[&str] = &["Auth", "Doors", "Ops"];

/// Libraries that one room keeps to itself, so that what they mean stays in one place.
const KEPT_BY_ONE_ROOM: &[(&str, &str)] =
    &[("sqlx", "ledger"), ("aws_sdk_s3", "blob"), ("mp4", "inspect")];

/// Rooms of pure functions, and what they may not reach for.
const PURE_ROOMS: &[&str] = &["model", "inspect"];
const IMPURE: &[&str] = &["tokio", "std::fs", "std::net"];

const MOST_LINES_OF_CODE: usize = 400;

#[test]
fn every_room_uses_only_what_the_plan_allows() {
    let complaints: Vec<String> = sources()
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(path).expect("a source file can be read");
            complaints_about(path, &text)
        })
        .collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn a_planted_wrong_arrow_is_found_with_its_line_and_what_is_allowed() {
    let text = "//! Routes.\n\nuse crate::model::Offset;\nuse crate::blob::Store;\n";
    assert_eq!(
        complaints_about(Path::new("src/http/planted.rs"), text),
        ["src/http/planted.rs:4: `crate::blob::Store`: http → blob is not in the plan; \
          http may use model, upload, library, leasing, exchange, outbox, the settings of config"]
    );
}

#[test]
fn an_arrow_is_found_however_it_is_written() {
    for planted in [
        "use crate::{\n    model::Offset,\n    ledger::{Ledger, Write},\n};",
        "pub(crate) use crate::ledger::Ledger as Records;",
        "fn f() { let x = crate::ledger::open(); }",
        "fn f() { println!(\"{}\", [crate::ledger::LIMIT]); }",
        "use super::super::ledger::Ledger;",
        "use forte_media::ledger;",
    ] {
        let complaints = complaints_about(Path::new("src/blob/planted.rs"), planted);
        assert!(
            complaints.iter().any(|line| line.contains("blob → ledger")),
            "not found: {planted}\n{complaints:?}"
        );
    }
}

#[test]
fn words_in_comments_strings_and_the_own_room_are_no_arrows() {
    let text = "//! See [`crate::ledger`].\n/* use crate::http; */\n\
                use crate::blob::Key;\nuse super::Key as K;\npub(crate) const A: &str = \"crate::http::x\";";
    assert_eq!(complaints_about(Path::new("src/blob/planted.rs"), text), [""; 0]);
}

#[test]
fn settings_are_all_that_config_sees_of_a_room() {
    let config = Path::new("src/config.rs");
    let settings =
        "use crate::blob;\nuse crate::upload::Config as Upload;\nstruct A(blob::Config);";
    assert_eq!(complaints_about(config, settings), [""; 0]);
    let engine = complaints_about(config, "use crate::blob;\nfn f() { blob::disk::Store::open() }");
    assert!(engine.concat().contains("config → blob"), "{engine:?}");
    let own_module = "mod config;\npub use config::Linger;";
    assert_eq!(complaints_about(Path::new("src/http/mod.rs"), own_module), [""; 0]);
}

#[test]
fn a_library_of_another_room_a_reach_outside_and_a_long_file_are_found() {
    let sql = complaints_about(Path::new("src/outbox/planted.rs"), "use sqlx::Row;");
    assert!(sql.concat().contains("only ledger uses `sqlx`"), "{sql:?}");
    let file = complaints_about(Path::new("src/inspect/planted.rs"), "use std::{fmt, fs::File};");
    assert!(file.concat().contains("inspect is pure"), "{file:?}");
    let long = complaints_about(Path::new("src/upload/planted.rs"), &"fn f() {}\n".repeat(401));
    assert!(long.concat().contains("401 lines of code"), "{long:?}");
}

/// Everything that is wrong with one file; `path` is relative to the package.
fn complaints_about(path: &Path, text: &str) -> Vec<String> {
    let room = room_of(path);
    let paths = named_paths(path, text);
    let mut complaints: Vec<String> = paths
        .iter()
        .filter_map(|named| {
            wrong_arrow(room, path, named, &paths)
                .or_else(|| wrong_library(room, named))
                .or_else(|| impurity(room, named))
                .map(|why| format!("{}:{}: `{}`: {why}", path.display(), named.line, named.text()))
        })
        .collect();
    complaints.extend(too_long(path, text));
    complaints
}

/// The first folder or file under `src/`.
fn room_of(path: &Path) -> &'static Room {
    let inside = path.strip_prefix("src").expect("a file under src/");
    let first = inside.iter().next().expect("a file name");
    let name = Path::new(first).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    HOUSE
        .iter()
        .find(|room| room.name == name)
        .unwrap_or_else(|| panic!("{}: the plan has no room `{name}`", path.display()))
}

fn wrong_arrow(
    room: &Room,
    path: &Path,
    named: &NamedPath,
    beside: &[NamedPath],
) -> Option<String> {
    let target = target_room(path, named, beside)?;
    let allowed = target == room.name
        || room.may_use.contains(&target)
        || (room.settings_of.contains(&target) && (named.is_bare_room() || named.is_settings()));
    (!allowed).then(|| {
        format!(
            "{} → {target} is not in the plan; {} may use {}",
            room.name,
            room.name,
            room.list()
        )
    })
}

/// The room a path leads to, if it leads through the crate's root; `beside` are the file's paths.
fn target_room(path: &Path, named: &NamedPath, beside: &[NamedPath]) -> Option<&'static str> {
    let words: Vec<&str> = named.words.iter().map(String::as_str).collect();
    let ups = words.iter().take_while(|word| **word == "super").count();
    let first = match words.as_slice() {
        ["crate" | "forte_media", next, ..] => next,
        ["super", ..] if ups >= depth(path) => words.get(ups)?,
        // `blob::Store` after `use crate::blob;`. Without it, `blob` is a module beside the file.
        [first, _, ..] if beside.iter().any(|path| path.text() == format!("crate::{first}")) => {
            first
        }
        _ => return None,
    };
    EVERY_ROOM.iter().copied().find(|room| room == first)
}

/// How many modules deep a file is: `src/app.rs` 1, `src/http/tus/mod.rs` 2.
fn depth(path: &Path) -> usize {
    let folders = path.iter().count() - 2;
    folders + usize::from(!path.ends_with("mod.rs"))
}

fn wrong_library(room: &Room, named: &NamedPath) -> Option<String> {
    let (library, keeper) = KEPT_BY_ONE_ROOM.iter().find(|(library, _)| named.begins(library))?;
    (room.name != *keeper).then(|| format!("only {keeper} uses `{library}`"))
}

fn impurity(room: &Room, named: &NamedPath) -> Option<String> {
    let impure = PURE_ROOMS.contains(&room.name) && IMPURE.iter().any(|word| named.begins(word));
    impure.then(|| format!("{} is pure: it does without {}", room.name, IMPURE.join(", ")))
}

fn too_long(path: &Path, text: &str) -> Option<String> {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let lines = text.lines().filter(is_code).count();
    (lines > MOST_LINES_OF_CODE)
        .then(|| format!("{}: {lines} lines of code, at most {MOST_LINES_OF_CODE}", path.display()))
}

impl Room {
    fn list(&self) -> String {
        let settings = match self.settings_of {
            EVERY_ROOM => vec!["the settings of every room".to_owned()],
            rooms => rooms.iter().map(|room| format!("the settings of {room}")).collect(),
        };
        let rooms = self.may_use.iter().map(ToString::to_string);
        let all: Vec<String> = rooms.chain(settings).collect();
        if all.is_empty() { "no other room".to_owned() } else { all.join(", ") }
    }
}

/// A path such as `crate::model::Offset` as it stands in a file, groups of a `use` spelt out.
struct NamedPath {
    words: Vec<String>,
    line: usize,
}

impl NamedPath {
    fn text(&self) -> String {
        self.words.join("::")
    }

    fn begins(&self, start: &str) -> bool {
        let text = self.text();
        text.strip_prefix(start).is_some_and(|rest| rest.starts_with("::"))
    }

    fn is_settings(&self) -> bool {
        self.words
            .last()
            .is_some_and(|last| last.ends_with("Config") || SETTINGS.contains(&last.as_str()))
    }

    fn is_bare_room(&self) -> bool {
        matches!(self.words.as_slice(), [root, _] if root == "crate")
    }
}

fn named_paths(path: &Path, text: &str) -> Vec<NamedPath> {
    let tokens: TokenStream =
        text.parse().unwrap_or_else(|wrong| panic!("{}: {wrong}", path.display()));
    let mut found = Vec::new();
    collect_paths(tokens, &[], &mut found);
    found
}

/// Adds every path in `tokens`; `prefix` is what stands before the braces of a `use`.
fn collect_paths(tokens: TokenStream, prefix: &[String], found: &mut Vec<NamedPath>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            // The new name in `Config as Settings` is no path.
            TokenTree::Ident(word) if word == "as" && !prefix.is_empty() => skip_one(after),
            TokenTree::Ident(_) => collect_path(rest, prefix, found),
            TokenTree::Group(group) => {
                collect_paths(group.stream(), &[], found);
                after
            }
            _ => after,
        };
    }
}

/// Reads the path at the start of `tokens`, with the braces it may end in; returns what follows.
fn collect_path<'t>(
    tokens: &'t [TokenTree],
    prefix: &[String],
    found: &mut Vec<NamedPath>,
) -> &'t [TokenTree] {
    let mut words = prefix.to_vec();
    let line = tokens.first().map_or(0, |first| first.span().start().line);
    let mut rest = tokens;
    while let Some((TokenTree::Ident(word), after)) = rest.split_first() {
        words.push(word.to_string());
        rest = after;
        match after_colons(rest) {
            Some([TokenTree::Ident(_), ..]) => rest = skip_one(skip_one(rest)),
            Some([TokenTree::Group(group), after @ ..])
                if group.delimiter() == Delimiter::Brace =>
            {
                collect_paths(group.stream(), &words, found);
                return after;
            }
            _ => break,
        }
    }
    found.push(NamedPath { words, line });
    rest
}

fn after_colons(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [TokenTree::Punct(one), TokenTree::Punct(two), after @ ..]
            if one.as_char() == ':' && two.as_char() == ':' =>
        {
            Some(after)
        }
        _ => None,
    }
}

fn skip_one(tokens: &[TokenTree]) -> &[TokenTree] {
    tokens.get(1..).unwrap_or_default()
}

/// Every Rust file under `src/`, relative to the package.
fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src/ can be listed") {
            let path = entry.expect("src/ can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
