//! Dependencies between modules: each module uses only the modules and libraries of the table in
//! `ARCHITECTURE.md`.

use super::is_pending;
use super::source::{NamedPath, Source, planted};

/// A module and the modules it may use.
struct Module {
    name: &'static str,
    may_use: &'static [&'static str],
    /// Modules whose settings alone it may use: types with names that end in `Config`.
    settings_of: &'static [&'static str],
}

const fn module(name: &'static str, may_use: &'static [&'static str]) -> Module {
    Module { name, may_use, settings_of: &[] }
}

const ALL: &[&str] = &[
    "app",
    "auth",
    "cli",
    "config",
    "database",
    "events",
    "http",
    "inspect",
    "leasing",
    "lib",
    "main",
    "model",
    "notify",
    "onec",
    "outbox",
    "playback",
    "proof",
    "shutdown",
    "storage",
    "telemetry",
    "upload",
];

const MODULES: &[Module] = &[
    module("model", &[]),
    module("inspect", &["model"]),
    module("storage", &["model"]),
    module("database", &["model"]),
    module("events", &["model"]),
    module("upload", &["model", "inspect", "storage", "database", "events", "proof"]),
    module("playback", &["model", "storage", "database"]),
    module("proof", &["model", "storage", "database"]),
    module("auth", &["model", "database", "events"]),
    module("leasing", &["model", "database", "events"]),
    module("onec", &["model", "database", "leasing", "events"]),
    module("notify", &["model"]),
    module("outbox", &["model", "database", "events", "notify"]),
    Module {
        name: "http",
        may_use: &["model", "upload", "playback", "proof", "auth", "leasing", "onec", "outbox"],
        settings_of: &["config"],
    },
    module("app", ALL),
    Module { name: "config", may_use: &["model"], settings_of: ALL },
    // A subcommand may drive anything, from outside.
    module("cli", ALL),
    module("main", &["app", "cli", "config", "shutdown", "telemetry"]),
    module("lib", &[]),
    module("telemetry", &["model", "config"]),
    module("shutdown", &["model", "config"]),
];

/// Libraries that only one module uses.
const LIBRARIES_OF_ONE_MODULE: &[(&str, &str)] =
    &[("sqlx", "database"), ("aws_sdk_s3", "storage"), ("mp4", "inspect")];

/// Modules of pure functions, and the libraries that they must not use.
const PURE_MODULES: &[&str] = &["model", "inspect", "events"];
const IMPURE_LIBRARIES: &[&str] = &["tokio", "std::fs", "std::process"];

#[test]
fn every_module_uses_only_what_the_table_allows() {
    let complaints: Vec<String> = Source::below(&["src"])
        .iter()
        .filter(|source| !is_pending(&source.path))
        .flat_map(complaints_about)
        .collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn names_the_line_of_a_forbidden_dependency_and_what_is_allowed() {
    let text = "//! Routes.\n\nuse crate::model::Offset;\nuse crate::storage::Store;\n";
    assert_eq!(
        complaints_about(&planted("src/http/planted.rs", text)),
        ["src/http/planted.rs:4: `crate::storage::Store`: http → storage is not in the table; \
          http may use model, upload, playback, proof, auth, leasing, onec, outbox, the settings of \
          config"]
    );
}

#[test]
fn finds_a_dependency_in_every_notation() {
    for text in [
        "use crate::{\n    model::Offset,\n    database::{Database, Write},\n};",
        "pub(crate) use crate::database::Database as Records;",
        "fn f() { let x = crate::database::open(); }",
        "fn f() { println!(\"{}\", [crate::database::LIMIT]); }",
        "use super::super::database::Database;",
        "use forte_media::database;",
        "mod tests { use super::super::super::database::Database; }",
    ] {
        let complaints = complaints_about(&planted("src/storage/deep/planted.rs", text));
        let outside = complaints_about(&planted("src/storage/planted.rs", text));
        assert!(
            complaints.iter().chain(&outside).any(|line| line.contains("storage → database")),
            "not found: {text}\n{complaints:?}\n{outside:?}"
        );
    }
}

#[test]
fn ignores_comments_strings_visibility_and_the_own_module() {
    let text = "//! See [`crate::database`].\n/* use crate::http; */\n\
                use crate::storage::Key;\nuse super::Key as K;\n\
                pub(in crate::http) const A: &str = \"crate::http::x\";";
    assert_eq!(complaints_about(&planted("src/storage/planted.rs", text)), [""; 0]);
}

#[test]
fn lets_config_see_only_the_settings_of_a_module() {
    let settings =
        "use crate::storage;\nuse crate::upload::Config as Upload;\nstruct A(storage::Config);";
    assert_eq!(complaints_about(&planted("src/config/planted.rs", settings)), [""; 0]);
    let text = "use crate::storage;\nfn f() { storage::disk::Store::open() }";
    let complaints = complaints_about(&planted("src/config/planted.rs", text));
    assert!(complaints.concat().contains("config → storage"), "{complaints:?}");
}

#[test]
fn finds_a_library_of_another_module_and_input_output_in_a_pure_module() {
    let sql = complaints_about(&planted("src/outbox/planted.rs", "use sqlx::Row;"));
    assert!(sql.concat().contains("only database uses `sqlx`"), "{sql:?}");
    let file = complaints_about(&planted("src/inspect/planted.rs", "use std::{fmt, fs::File};"));
    assert!(file.concat().contains("inspect is pure"), "{file:?}");
}

fn complaints_about(source: &Source) -> Vec<String> {
    let module = module_of(source);
    let paths = source.named_paths();
    let complain = |named: &NamedPath| {
        let why = forbidden_dependency(module, source, named, &paths)
            .or_else(|| foreign_library(module, named))
            .or_else(|| impure_library(module, named))?;
        Some(format!("{}:{}: `{}`: {why}", source.path.display(), named.line, named.text()))
    };
    paths.iter().filter_map(complain).collect()
}

fn module_of(source: &Source) -> &'static Module {
    let name = source.module().first().cloned().unwrap_or_else(|| "lib".to_owned());
    MODULES
        .iter()
        .find(|module| module.name == name)
        .unwrap_or_else(|| panic!("{}: no module `{name}` in the table", source.path.display()))
}

fn forbidden_dependency(
    module: &Module,
    source: &Source,
    named: &NamedPath,
    all: &[NamedPath],
) -> Option<String> {
    let target = target_module(source, named, all)?;
    let allowed = target == module.name
        || module.may_use.contains(&target)
        || (module.settings_of.contains(&target) && (is_bare_module(named) || is_settings(named)));
    (!allowed).then(|| {
        let allowed = module.allowed();
        format!("{} → {target} is not in the table; {} may use {allowed}", module.name, module.name)
    })
}

/// The module a path leads to through the root of the crate; `all` are the paths of the file.
fn target_module(source: &Source, named: &NamedPath, all: &[NamedPath]) -> Option<&'static str> {
    let words: Vec<&str> = named.words.iter().map(String::as_str).collect();
    let ups = words.iter().take_while(|word| **word == "super").count();
    let first = match words.as_slice() {
        ["crate" | "forte_media", next, ..] => next,
        ["super", ..] if ups >= source.module().len() => words.get(ups)?,
        // `storage::Store` after `use crate::storage;`. Otherwise `storage` is a child module.
        [first, _, ..] if all.iter().any(|path| path.text() == format!("crate::{first}")) => first,
        _ => return None,
    };
    ALL.iter().copied().find(|module| module == first)
}

fn foreign_library(module: &Module, named: &NamedPath) -> Option<String> {
    let (library, owner) =
        LIBRARIES_OF_ONE_MODULE.iter().find(|(library, _)| named.starts_with(library))?;
    (module.name != *owner).then(|| format!("only {owner} uses `{library}`"))
}

fn impure_library(module: &Module, named: &NamedPath) -> Option<String> {
    let impure = PURE_MODULES.contains(&module.name)
        && IMPURE_LIBRARIES.iter().any(|library| named.starts_with(library));
    impure.then(|| {
        format!("{} is pure: it must not use {}", module.name, IMPURE_LIBRARIES.join(", "))
    })
}

fn is_settings(named: &NamedPath) -> bool {
    named.words.last().is_some_and(|last| last.ends_with("Config"))
}

fn is_bare_module(named: &NamedPath) -> bool {
    matches!(named.words.as_slice(), [root, _] if root == "crate")
}

impl Module {
    fn allowed(&self) -> String {
        let settings = match self.settings_of {
            ALL => vec!["the settings of every module".to_owned()],
            modules => modules.iter().map(|name| format!("the settings of {name}")).collect(),
        };
        let modules = self.may_use.iter().map(ToString::to_string);
        let all: Vec<String> = modules.chain(settings).collect();
        if all.is_empty() { "no other module".to_owned() } else { all.join(", ") }
    }
}
