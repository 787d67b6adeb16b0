//! Earlier uses of a video in the database: fingerprints and the one transaction.

use forte_media::database::{FinishOutcome, FinishedUpload};
use forte_media::model::plausibility::{MAX_LINKS, MatchKind, Outcome};
use forte_media::model::{Digest, ReportStatus, Verdict};
use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::Fixture;
use crate::harness::rows::Rows;

on_both_databases! {
    concurrent_finishes_of_one_file_are_all_stored,
    of_concurrent_finishes_that_refuse_reuse_only_one_is_stored,
    a_rewritten_recording_is_recognised_by_its_media,
    a_use_that_no_longer_counts_is_named_as_such,
    a_refused_finish_leaves_no_trace,
    the_list_of_earlier_uses_is_limited_and_starts_with_those_that_count,
}

/// A finish of this content for a new report.
async fn finishing(fixture: &Fixture, sha256: u8, media: Option<u8>) -> FinishedUpload {
    let mut finishing = fixture.finished_upload(fixture.driver, fixture.report().await).await;
    finishing.sha256 = Digest::new([sha256; 32]);
    finishing.facts.media_sha256 = media.map(|byte| Digest::new([byte; 32]));
    finishing
}

/// The verdict on reuse of a finish that is stored.
async fn verdict(db: &Db, finishing: &FinishedUpload) -> Verdict {
    match db.database.finish(finishing).await.unwrap() {
        FinishOutcome::Stored { reuse: Some(reuse), .. } => reuse,
        outcome => panic!("{outcome:?}"),
    }
}

async fn concurrent_finishes_of_one_file_are_all_stored(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let mut all = Vec::new();
    for _ in 0..100 {
        all.push(finishing(&fixture, 1, Some(2)).await);
    }
    join_all(all.iter().map(|finishing| verdict(&db, finishing))).await;
    assert_eq!(db.number("SELECT COUNT(*) FROM submissions").await, 100);
    let last = verdict(&db, &finishing(&fixture, 1, None).await).await;
    assert_eq!((last.outcome, last.links.len()), (Outcome::Fail, MAX_LINKS));
}

async fn of_concurrent_finishes_that_refuse_reuse_only_one_is_stored(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let mut all = Vec::new();
    for place in 0..8 {
        // For some the hash of the media is the smaller one, so that rows are locked in different orders.
        let finishing = finishing(&fixture, place, Some(4)).await;
        all.push(FinishedUpload { refuses_reuse: true, ..finishing });
    }
    let outcomes = join_all(all.iter().map(|finishing| db.database.finish(finishing))).await;
    let is_stored = |outcome: &&FinishOutcome| matches!(outcome, FinishOutcome::Stored { .. });
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(is_stored).count(), 1, "{outcomes:?}");
    assert_eq!(db.number("SELECT COUNT(*) FROM videos").await, 1);
}

async fn a_rewritten_recording_is_recognised_by_its_media(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let first = finishing(&fixture, 1, Some(9)).await;
    assert_eq!(verdict(&db, &first).await.outcome, Outcome::Pass);
    // Two videos without a media hash are not the same.
    for sha256 in [2, 3] {
        let other = finishing(&fixture, sha256, None).await;
        assert_eq!(verdict(&db, &other).await.outcome, Outcome::Pass);
    }
    let retagged = verdict(&db, &finishing(&fixture, 4, Some(9)).await).await;
    assert_eq!((retagged.links.len(), retagged.links[0].same), (1, MatchKind::Media));
    assert_eq!(retagged.links[0].submission_id, first.submission);
}

async fn a_use_that_no_longer_counts_is_named_as_such(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let late = finishing(&fixture, 1, None).await;
    let early = finishing(&fixture, 1, None).await;
    verdict(&db, &early).await;
    let report = early.details.ref_key;
    db.database.set_report_status(report, ReportStatus::Rejected).await.unwrap();
    let late = FinishedUpload { refuses_reuse: true, ..late };
    let verdict = verdict(&db, &late).await;
    assert_eq!((verdict.outcome, verdict.links[0].held), (Outcome::Warn, false));
}

async fn a_refused_finish_leaves_no_trace(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    verdict(&db, &finishing(&fixture, 1, None).await).await;
    let second = finishing(&fixture, 1, None).await;
    let second = FinishedUpload { refuses_reuse: true, ..second };
    let seen = db.database.finish(&second).await.unwrap();
    assert!(matches!(seen, FinishOutcome::Reused { .. }));
    assert_eq!(db.number("SELECT COUNT(*) FROM submissions").await, 1);
    assert_eq!(db.number("SELECT COUNT(*) FROM outbox").await, 1);
    let report = db.database.report(second.details.ref_key).await.unwrap().unwrap();
    assert_eq!((report.status, report.held), (ReportStatus::AwaitingVideo, None));
}

async fn the_list_of_earlier_uses_is_limited_and_starts_with_those_that_count(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let (mut first, mut submissions) = (None, Vec::new());
    for _ in 0..MAX_LINKS + 3 {
        let one = finishing(&fixture, 1, Some(2)).await;
        verdict(&db, &one).await;
        fixture.manual_clock.advance(SignedDuration::from_secs(1));
        let report = one.details.ref_key;
        let status = if first.is_none() { ReportStatus::Approved } else { ReportStatus::Rejected };
        db.database.set_report_status(report, status).await.unwrap();
        first.get_or_insert(report);
        submissions.insert(0, one.submission);
    }
    let uses = db.database.earlier_uses(&finishing(&fixture, 1, Some(2)).await.fingerprint()).await;
    let uses = uses.unwrap();
    assert_eq!(uses.len(), MAX_LINKS + 1, "one more says that there are more");
    assert_eq!((Some(uses[0].report_ref_key), uses[0].held), (first, true));
    assert!(uses[1..].iter().all(|earlier| !earlier.held));
    let ids: Vec<_> = uses[1..].iter().map(|earlier| earlier.submission_id).collect();
    assert_eq!(ids, submissions[..MAX_LINKS], "the latest first");
}
