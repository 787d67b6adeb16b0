//! Thousands of damaged files. None makes the inspection panic, take more steps than twice the bytes
//! of the file, or use more heap than three times the largest box it reads. The verdict never depends
//! on the chunks.

mod campaign;
mod oracle;
mod trial;

use campaign::{Campaign, run};

use crate::harness::external::env_var;

/// Damaged files per good file and kind of damage in the short run.
const FEW: usize = 30;

/// The same for the long run: above 100,000 files with 12 good files and 9 kinds of damage.
const MANY: usize = 1_000;

#[test]
fn the_inspection_survives_every_kind_of_damage() {
    let campaign = run(FEW);
    assert!(campaign.files >= 12 * 9 * FEW || env_var("FORTE_TEST_REQUIRE").is_none());
    campaign.print();
}

/// The long run takes a few minutes:
///
/// ```sh
/// cargo test --release --test forte -- --ignored --nocapture mutation_run
/// ```
#[test]
#[ignore = "takes minutes"]
fn mutation_run_of_a_hundred_thousand_files_finds_no_failure() {
    let campaign: Campaign = run(MANY);
    campaign.print();
    assert!(campaign.files >= 100_000, "{} files", campaign.files);
}
