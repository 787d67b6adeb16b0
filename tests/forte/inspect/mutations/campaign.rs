//! Many trials, and what came of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use forte_media::model::{Check, Random, Refusal};

use super::oracle;
use super::trial::{self, Cost};
use crate::harness::makers::{Made, makers};
use crate::harness::map::Mapped;
use crate::harness::mutants::Damage;

/// Every so many refusals of a check one is tried with other bytes after it.
const SAMPLE: usize = 8;

/// What came of many trials.
#[derive(Default)]
pub(super) struct Campaign {
    pub(super) files: usize,
    accepted: usize,
    refused: BTreeMap<Check, usize>,
    judged_after: Vec<u64>,
    /// Refusals that were tried with other bytes after `judged_after`.
    tried: usize,
    /// Refusals of the top level: all are tried with other bytes just before.
    weighed: usize,
    most: Cost,
}

/// Puts `each` files of each maker and each kind of damage on trial.
pub(super) fn run(each: usize) -> Campaign {
    let makers = makers();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let shares = makers.chunks(makers.len().div_ceil(threads));
    thread::scope(|scope| {
        let workers: Vec<_> =
            shares.map(|share| scope.spawn(move || share_of(share, each))).collect();
        let mut all = Campaign::default();
        for worker in workers {
            all.add(worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        all
    })
}

fn share_of(makers: &[Made], each: usize) -> Campaign {
    let mut campaign = Campaign::default();
    for made in makers {
        let good = Mapped::new(made.bytes.clone());
        for (kind, damage) in Damage::ALL.into_iter().enumerate() {
            for index in 0..each {
                // Told by name and number, so that one file can be made again.
                let seed = u64::try_from(index * Damage::ALL.len() + kind).unwrap();
                let tried = AssertUnwindSafe(|| campaign.put_on_trial(&good, damage, seed));
                if let Err(panic) = catch_unwind(tried) {
                    say(&format!("{}: {damage:?} number {seed}", made.by));
                    resume_unwind(panic);
                }
            }
        }
    }
    campaign
}

impl Campaign {
    fn put_on_trial(&mut self, good: &Mapped, damage: Damage, seed: u64) {
        let random = Random::seeded(seed);
        let bad = damage.done_to(good, &random);
        let (verdict, cost) = trial::judge(&bad, &random);
        self.files += 1;
        self.most = self.most.or(cost);
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
            oracle::stays(bad, refusal);
            self.tried += 1;
        }
        if oracle::is_top_level(bad, refusal) {
            oracle::was_open_before(bad, good, refusal);
            self.weighed += 1;
        }
    }

    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.accepted += other.accepted;
        for (check, count) in other.refused {
            *self.refused.entry(check).or_default() += count;
        }
        self.judged_after.extend(other.judged_after);
        self.tried += other.tried;
        self.weighed += other.weighed;
        self.most = self.most.or(other.most);
    }

    /// Says what came of it.
    pub(super) fn show(&self) {
        let mut sorted = self.judged_after.clone();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        let mut words = format!(
            "mutations: {} files, {} accepted, {} refused; judged_after: median {median}\n  {} \
             tried with other bytes after it, {} of the top level with others before it\n  most: \
             {:?}\n ",
            self.files,
            self.accepted,
            sorted.len(),
            self.tried,
            self.weighed,
            self.most,
        );
        for (check, count) in &self.refused {
            write!(words, " {check} {count}").unwrap();
        }
        say(&words);
    }
}

impl Cost {
    /// The larger of each.
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

/// Past the capture of the test runner, so that a person sees it.
fn say(words: &str) {
    let mut out = io::stderr();
    writeln!(out, "{words}").unwrap();
}
