//! For every check a file that fails it, and a similar file that passes it.

mod boxes;
mod samples;
mod top_level;

use forte_media::inspect::Config;
use forte_media::model::{Check, Finding};

use crate::harness::boxes::Node;
use crate::harness::mp4::{accepted_by, default_rules, refused_by, sample};
use crate::inspect::refusals::Explanation;

const GOOD: &str = "good-moov-last.mp4";
const FIRST: &str = "good-moov-first.mp4";
const FRAGMENTED: &str = "good-fragmented.mp4";

/// Checks that do not depend on the file alone, and the tests that cover them.
const ELSEWHERE: [(Check, &str); 4] = [
    (Check::LengthMismatch, "top_level: more bytes than declared"),
    (Check::NalChain, "nal: the NAL check"),
    (Check::DigestMismatch, "completion: a digest other than the declared one"),
    (Check::PartMismatch, "storage_s3: the store checks the SHA-256 of the body"),
];

/// A file that fails a check, and a similar one that passes it.
struct Pair {
    check: Check,
    bad: Vec<u8>,
    near: Vec<u8>,
    /// The position of the finding.
    at: Option<u64>,
    path: Option<&'static str>,
    rules: Config,
    near_rules: Config,
}

impl Pair {
    /// Two edits of a sample. The finding is at the box with the harness path `place`; the finding
    /// itself calls it `path`.
    fn of(
        check: Check,
        clip: &str,
        (place, path): (&str, &'static str),
        harm: impl FnOnce(&mut Node),
        near: impl FnOnce(&mut Node),
    ) -> Self {
        let mut bad = Node::parse(&sample(clip));
        let mut good = bad.clone();
        harm(&mut bad);
        near(&mut good);
        let at = Some(bad.position(place));
        Self::raw(check, bad.bytes(), (at, Some(path)), good.bytes())
    }

    fn raw(
        check: Check,
        bad: Vec<u8>,
        (at, path): (Option<u64>, Option<&'static str>),
        near: Vec<u8>,
    ) -> Self {
        let (rules, near_rules) = (default_rules(), default_rules());
        Self { check, bad, near, at, path, rules, near_rules }
    }

    fn rules(self, rules: Config, near_rules: Config) -> Self {
        Self { rules, near_rules, ..self }
    }

    /// Asserts that the check is a note or a refusal for `bad`, and is absent for `near`.
    fn verify(&self, is_note: bool) {
        let Self { check, at, path, .. } = self;
        let found = if is_note { self.noted() } else { self.refused() };
        assert_eq!(found.at, *at, "{check}: {}", found.message);
        assert_eq!(found.path.as_deref(), *path, "{check}: {}", found.message);
        let notes = accepted_by(&self.near, &self.near_rules).notes;
        let may_be_noted = !is_note && Explanation::of(*check).effect != "refused";
        let clean = notes.iter().all(|note| note.check != *check);
        assert!(clean || may_be_noted, "{check}: {notes:?}");
    }

    fn refused(&self) -> Finding {
        refused_by(&self.bad, &self.rules, self.check).finding
    }

    fn noted(&self) -> Finding {
        let notes = accepted_by(&self.bad, &self.rules).notes;
        let found: Vec<_> = notes.into_iter().filter(|note| note.check == self.check).collect();
        assert_eq!(found.len(), 1, "{}: {found:?}", self.check);
        found[0].clone()
    }
}

/// An edit that changes nothing.
fn unchanged(_: &mut Node) {}

#[test]
fn every_check_has_a_failing_and_a_nearly_failing_file() {
    let lists = [top_level::refusals(), boxes::refusals(), samples::refusals()];
    let refusals: Vec<Pair> = lists.into_iter().flatten().collect();
    let lists = [top_level::notes(), boxes::notes(), samples::notes()];
    let notes: Vec<Pair> = lists.into_iter().flatten().collect();
    for pair in &refusals {
        pair.verify(false);
    }
    for pair in &notes {
        pair.verify(true);
    }
    let shown: Vec<Check> = refusals.iter().chain(&notes).map(|pair| pair.check).collect();
    for check in Check::ALL {
        let elsewhere = ELSEWHERE.iter().any(|(other, _)| other == check);
        assert!(
            shown.contains(check) != elsewhere,
            "{check} needs a pair or an entry in ELSEWHERE"
        );
    }
}
