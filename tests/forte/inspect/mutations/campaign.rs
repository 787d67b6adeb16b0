//! Runs many trials in parallel and counts the results.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use forte_media::model::{Check, Random, Refusal};

use super::oracle;
use super::trial::{self, Cost};
use crate::harness::makers::{GoodFile, good_files};
use crate::harness::map::MappedFile;
use crate::harness::mutants::Damage;

/// One of this many refusals per check is tried again with other bytes after `judged_after`.
const SAMPLE: usize = 8;

/// The results of many trials.
#[derive(Default)]
pub(super) struct Campaign {
    pub(super) files: usize,
    accepted: usize,
    refused: BTreeMap<Check, usize>,
    judged_after: Vec<u64>,
    /// Refusals tried again with other bytes after `judged_after`.
    tried_after: usize,
    /// Top-level refusals, all tried again with another deciding header.
    tried_before: usize,
    max_cost: Cost,
}

/// Tries `each` damaged files per good file and kind of damage.
pub(super) fn run(each: usize) -> Campaign {
    let files = good_files();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let shares = files.chunks(files.len().div_ceil(threads));
    thread::scope(|scope| {
        let workers: Vec<_> =
            shares.map(|share| scope.spawn(move || run_share(share, each))).collect();
        let mut all = Campaign::default();
        for worker in workers {
            all.add(worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        all
    })
}

fn run_share(files: &[GoodFile], each: usize) -> Campaign {
    let mut campaign = Campaign::default();
    for file in files {
        let good = MappedFile::new(file.bytes.clone());
        for (kind, damage) in Damage::ALL.into_iter().enumerate() {
            for index in 0..each {
                // The name and the seed are enough to reproduce a file.
                let seed = u64::try_from(index * Damage::ALL.len() + kind).unwrap();
                let tried = AssertUnwindSafe(|| campaign.try_damage(&good, damage, seed));
                if let Err(panic) = catch_unwind(tried) {
                    print_uncaptured(&format!("{}: {damage:?} number {seed}", file.maker));
                    resume_unwind(panic);
                }
            }
        }
    }
    campaign
}

impl Campaign {
    fn try_damage(&mut self, good: &MappedFile, damage: Damage, seed: u64) {
        let random = Random::seeded(seed);
        let bad = damage.apply(good, &random);
        let (verdict, cost) = trial::judge(&bad, &random);
        self.files += 1;
        self.max_cost = self.max_cost.or(cost);
        match verdict {
            Ok(_) => self.accepted += 1,
            Err(refusal) => self.refused(&bad, &good.bytes, &refusal),
        }
    }

    fn refused(&mut self, bad: &[u8], good: &[u8], refusal: &Refusal) {
        let count = self.refused.entry(refusal.finding.check).or_default();
        *count += 1;
        self.judged_after.push(refusal.judged_after);
        if *count % SAMPLE == 1 {
            oracle::assert_certain(bad, refusal);
            self.tried_after += 1;
        }
        if oracle::is_top_level(bad, refusal) {
            oracle::assert_uncertain_before(bad, good, refusal);
            self.tried_before += 1;
        }
    }

    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.accepted += other.accepted;
        for (check, count) in other.refused {
            *self.refused.entry(check).or_default() += count;
        }
        self.judged_after.extend(other.judged_after);
        self.tried_after += other.tried_after;
        self.tried_before += other.tried_before;
        self.max_cost = self.max_cost.or(other.max_cost);
    }

    pub(super) fn print(&self) {
        let mut sorted = self.judged_after.clone();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        let mut text = format!(
            "mutations: {} files, {} accepted, {} refused; judged_after: median {median}\n  {} \
             tried with other bytes after it, {} with another deciding header\n  maximum: \
             {:?}\n ",
            self.files,
            self.accepted,
            sorted.len(),
            self.tried_after,
            self.tried_before,
            self.max_cost,
        );
        for (check, count) in &self.refused {
            write!(text, " {check} {count}").unwrap();
        }
        print_uncaptured(&text);
    }
}

impl Cost {
    /// The maximum of each field.
    fn or(self, other: Self) -> Self {
        Self {
            calls: self.calls.max(other.calls),
            supplied: self.supplied.max(other.supplied),
            steps: self.steps.max(other.steps),
            steps_in_1000: self.steps_in_1000.max(other.steps_in_1000),
            largest: self.largest.max(other.largest),
            heap: self.heap.max(other.heap),
        }
    }
}

/// Prints a line that the test runner does not capture.
fn print_uncaptured(message: &str) {
    let mut out = io::stderr();
    writeln!(out, "{message}").unwrap();
}
