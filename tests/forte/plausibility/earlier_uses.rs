//! The verdict on earlier uses of a video, and its form for drivers.

use forte_media::model::plausibility::{
    EarlierUse, MAX_LINKS, MatchKind, Outcome, for_driver, reuse,
};
use forte_media::model::{Clock, Random, RefKey, ReportStatus, SubmissionId};
use jiff::Timestamp;

fn uses(count: usize, held: bool) -> Vec<EarlierUse> {
    let (clock, random) = (Clock::manual(Timestamp::UNIX_EPOCH).0, Random::seeded(5));
    let one = |_| EarlierUse {
        report_ref_key: RefKey::mint(&clock, &random),
        submission_id: SubmissionId::mint(&clock, &random),
        status_code: if held { ReportStatus::Submitted } else { ReportStatus::Rejected },
        held,
        same: MatchKind::File,
    };
    (0..count).map(one).collect()
}

#[test]
fn a_current_use_fails_and_a_former_one_warns() {
    let none = reuse(&[]);
    assert_eq!((none.outcome, none.links.len()), (Outcome::Pass, 0));
    let rejected = reuse(&uses(1, false));
    assert_eq!(rejected.outcome, Outcome::Warn);
    assert!(
        rejected
            .message
            .ends_with("once before, for another report of the company, which no longer has it")
    );
    let mixed = [uses(1, true), uses(2, false)].concat();
    let mixed = reuse(&mixed);
    assert_eq!((mixed.outcome, mixed.links.len()), (Outcome::Fail, 3));
    let many = reuse(&uses(MAX_LINKS + 1, true));
    assert_eq!(many.links.len(), MAX_LINKS);
    assert!(many.message.contains("more than 5 times"), "{}", many.message);
}

/// Q37
#[test]
fn a_driver_sees_only_uses_by_visible_reports() {
    let uses = uses(3, true);
    let whole = reuse(&uses);
    let own = uses[1].report_ref_key;
    let found = for_driver(vec![whole.clone()], |ref_key| ref_key == own);
    assert_eq!(found[0].links, uses[1..2]);
    assert_eq!(found[0].outcome, Outcome::Fail);
    assert!(!found[0].message.contains('3'), "{}", found[0].message);
    let blind = for_driver(vec![whole], |_| false);
    assert_eq!(blind[0].message, found[0].message, "nothing says how many there are");
    let clean = vec![reuse(&[])];
    assert_eq!(for_driver(clean.clone(), |_| false), clean);
}
