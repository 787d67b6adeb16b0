//! Thousands of damaged files: none makes the inspection fail, take more steps than the file has
//! bytes, or more heap than three times what it reads; every way of cutting agrees.

mod campaign;
mod oracle;
mod trial;

use campaign::{Campaign, run};

use crate::harness::outside::given;

/// Damaged files of each maker and kind of damage, in every run of the tests.
const FEW: usize = 30;

/// The same for the long run: with 12 makers and 9 kinds that is above 100,000.
const MANY: usize = 1_000;

#[test]
fn no_damage_makes_the_inspection_fail() {
    let campaign = run(FEW);
    assert!(campaign.files >= 12 * 9 * FEW || given("FORTE_TEST_REQUIRE").is_none());
    campaign.show();
}

/// The long run, a few minutes:
///
/// ```sh
/// cargo test --release --test forte -- --ignored --nocapture mutation_run
/// ```
#[test]
#[ignore = "takes minutes"]
fn mutation_run_of_a_hundred_thousand_files() {
    let campaign: Campaign = run(MANY);
    campaign.show();
    assert!(campaign.files >= 100_000, "{} files", campaign.files);
}
