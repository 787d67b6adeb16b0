//! The bodies of the fuzz targets as ordinary tests, on good files and on thousands of damaged ones.
//! `scripts/fuzz` runs the targets themselves if cargo-fuzz is installed.

use forte_media::model::Random;

use crate::harness::makers::phone_files;
use crate::harness::map::MappedFile;
use crate::harness::mp4::sample;
use crate::harness::mutants::{Damage, below};

/// Damaged files per good file and kind of damage.
const EACH: usize = 25;

/// The number of changed copies of a good `moov`.
const CHANGES: usize = 3000;

#[expect(unreachable_pub, reason = "the fuzz targets are another crate")]
#[path = "../../../fuzz/src/bodies.rs"]
mod bodies;

/// Runs a body on good files and on damaged copies of them.
fn run_on_seeds_and_mutants(body: impl Fn(&[u8])) {
    let samples =
        ["good-moov-last.mp4", "good-moov-first.mp4", "good-fragmented.mp4", "quicktime.mov"];
    let samples = samples.map(sample).into_iter();
    for good in samples.chain(phone_files().into_iter().map(|made| made.bytes)) {
        body(&good);
        let good = MappedFile::new(good);
        for damage in Damage::ALL {
            for seed in 0..EACH {
                body(&damage.apply(&good, &Random::seeded(seed as u64)));
            }
        }
    }
}

#[test]
fn the_scanner_survives_damaged_files() {
    run_on_seeds_and_mutants(bodies::scanner);
    bodies::scanner(b"");
}

#[test]
fn the_box_reader_survives_damaged_files() {
    run_on_seeds_and_mutants(bodies::reader);
    bodies::reader(b"");
}

#[test]
fn an_accepted_moov_is_rebuilt_and_parsed_again() {
    let random = Random::seeded(48);
    for _ in 0..CHANGES {
        let changes = (0..=below(4, &random)).flat_map(|_| random.bytes::<4>());
        let changes: Vec<u8> = random.bytes::<1>().into_iter().chain(changes).collect();
        bodies::rebuild(&changes);
    }
}
