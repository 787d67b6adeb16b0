//! `docs/refusals.md` explains every code. It is generated from `docs/refusals.tsv` and the texts for
//! drivers.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use forte_media::model::Check;
use forte_media::model::texts::Language;

/// A header line, then one check a line; a line `#` and a title begins a section.
const EXPLANATIONS: &str = include_str!("../../../docs/refusals.tsv");

const INTRODUCTION: &str = "# Refusals and notes

The findings of the video inspection, by code. A refused upload is answered with 422 `video_refused`.
Its `message` is the sentence for the driver in the language of `Accept-Language` (Russian by default).
Its `details` are for developers: the `code`, the byte position `at`, the box `path`, a technical
`message`, `judged_after` (how many bytes had been read when the verdict was certain) and the `notes`.

A note needs no action: the video is accepted, and the note is listed with its facts. Where
`inspect.enforce` is `false`, nothing is refused and every finding is a note.

This page is generated from `docs/refusals.tsv` and `src/model/texts/texts.tsv`.
";

/// How a check is explained to developers.
pub(crate) struct Explanation {
    section: Option<&'static str>,
    code: &'static str,
    pub(crate) effect: &'static str,
    means: &'static str,
    developer: &'static str,
}

impl Explanation {
    fn all() -> Vec<Self> {
        let mut section = None;
        let mut all = Vec::new();
        for row in EXPLANATIONS.lines().skip(1) {
            match row.split('\t').collect::<Vec<_>>()[..] {
                ["#", title] => section = Some(title),
                [code, effect, means, developer] => {
                    all.push(Self { section: section.take(), code, effect, means, developer });
                }
                _ => panic!("docs/refusals.tsv: {row}"),
            }
        }
        all
    }

    pub(crate) fn of(check: Check) -> Self {
        Self::all().into_iter().find(|it| it.code == check.code()).expect("one for each check")
    }

    fn write(&self, check: Check, page: &mut String) {
        let Self { section, code, effect, means, developer } = self;
        if let Some(title) = section {
            writeln!(page, "\n## {title}").unwrap();
        }
        writeln!(page, "\n### `{code}`\n\n{}.\n\n{means}\n", capitalized(effect)).unwrap();
        for (name, language) in [
            ("Driver, Russian", Language::Russian),
            ("Driver, Kazakh", Language::Kazakh),
            ("Driver, English", Language::English),
        ] {
            let refused = effect.starts_with("refused");
            for text in driver_texts(check, language).iter().filter(|_| refused) {
                writeln!(page, "- **{name}:** {text}").unwrap();
            }
        }
        writeln!(page, "- **Developer:** {developer}").unwrap();
    }
}

/// The sentences for drivers; those about limits with the numbers of the default settings.
fn driver_texts(check: Check, language: Language) -> Vec<String> {
    use forte_media::model::BrokenLimit::{TooLarge, TooLong, TooShort};
    use forte_media::model::Finding;

    let finding = Finding::whole(check, "");
    let with = |limit| finding.clone().with_limit(limit).driver_text(language);
    match check {
        Check::SizeLimit => {
            vec![finding.driver_text(language), with(TooLarge { max_bytes: 64 << 20 })]
        }
        Check::DurationOutOfRange => {
            vec![with(TooShort { duration_ms: 400 }), with(TooLong { max_ms: 1_800_000 })]
        }
        _ => vec![finding.driver_text(language)],
    }
}

fn capitalized(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (check, explanation) in Check::ALL.iter().zip(Explanation::all()) {
        explanation.write(*check, &mut page);
    }
    page
}

#[test]
fn the_page_is_up_to_date() {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/refusals.md");
    let page = page();
    if env::var_os("FORTE_UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == page,
        "docs/refusals.md is stale; regenerate it with \
         FORTE_UPDATE_DOCS=1 cargo test --test forte -- inspect::refusals"
    );
}

#[test]
fn every_check_is_explained_once_and_in_order() {
    let explained: Vec<&str> = Explanation::all().iter().map(|it| it.code).collect();
    let checks: Vec<&str> = Check::ALL.iter().map(|check| check.code()).collect();
    assert_eq!(explained, checks);
    for it in Explanation::all() {
        for text in [it.means, it.developer] {
            assert!(text.ends_with('.') && text.len() > 7, "{}: {text}", it.code);
        }
    }
}

#[test]
fn only_a_note_asks_nothing_of_the_driver() {
    for check in Check::ALL {
        let is_note = Explanation::of(*check).effect == "note";
        assert_eq!(check.driver_text().key() == "note.accepted", is_note, "{check}");
    }
}
