//! Earlier uses of a video in the database: fingerprints and the one transaction.

use forte_media::database::{FinishOutcome, FinishedUpload};
use forte_media::model::plausibility::{MAX_LINKS, MatchKind};
use forte_media::model::{Digest, ReportStatus};
use futures_util::future::join_all;

use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::Fixture;
use crate::harness::rows::Rows;

on_both_databases! {
    all_but_one_concurrent_finish_see_an_earlier_use,
    a_rewritten_recording_is_recognised_by_its_media,
    a_use_stored_after_the_verdicts_is_not_missed,
    a_rolled_back_finish_leaves_no_trace,
    the_list_of_earlier_uses_is_limited_and_starts_with_those_that_count,
}

/// A finish of this content for a new report.
async fn finishing(fixture: &Fixture, sha256: u8, media: Option<u8>) -> FinishedUpload {
    let mut finishing = fixture.finished_upload(fixture.driver, fixture.report().await).await;
    finishing.sha256 = Digest::new([sha256; 32]);
    finishing.facts.media_sha256 = media.map(|byte| Digest::new([byte; 32]));
    finishing
}

fn is_stored(outcome: &FinishOutcome) -> bool {
    matches!(outcome, FinishOutcome::Stored { .. })
}

async fn all_but_one_concurrent_finish_see_an_earlier_use(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let mut all = Vec::new();
    for place in 0..8 {
        // For some the hash of the media is the smaller one, so that rows are locked in different orders.
        all.push(finishing(&fixture, place, Some(4)).await);
    }
    let outcomes = join_all(all.iter().map(|finishing| db.database.finish(finishing))).await;
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| is_stored(outcome)).count(), 1, "{outcomes:?}");
    assert_eq!(db.number("SELECT COUNT(*) FROM videos").await, 1);
    assert_eq!(db.number("SELECT MAX(videos) FROM fingerprints").await, 1);
}

async fn a_rewritten_recording_is_recognised_by_its_media(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let first = finishing(&fixture, 1, Some(9)).await;
    assert!(is_stored(&db.database.finish(&first).await.unwrap()));
    // Two videos without a media hash are not the same.
    assert!(is_stored(&db.database.finish(&finishing(&fixture, 2, None).await).await.unwrap()));
    assert!(is_stored(&db.database.finish(&finishing(&fixture, 3, None).await).await.unwrap()));
    let mut retagged = finishing(&fixture, 4, Some(9)).await;
    let FinishOutcome::Reused { uses } = db.database.finish(&retagged).await.unwrap() else {
        panic!("not seen");
    };
    assert_eq!((uses.len(), uses[0].same), (1, MatchKind::Media));
    assert_eq!(uses[0].submission_id, first.submission);
    retagged.uses = uses;
    assert!(
        is_stored(&db.database.finish(&retagged).await.unwrap()),
        "it is stored once the use is known"
    );
}

async fn a_use_stored_after_the_verdicts_is_not_missed(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let mut late = finishing(&fixture, 1, None).await;
    let early = finishing(&fixture, 1, None).await;
    assert!(is_stored(&db.database.finish(&early).await.unwrap()));
    let FinishOutcome::Reused { uses } = db.database.finish(&late).await.unwrap() else {
        panic!("not seen");
    };
    late.uses = uses;
    // Meanwhile a reviewer rejects the first one, so the verdict is outdated.
    let report = early.details.ref_key;
    db.database.set_report_status(report, ReportStatus::Rejected).await.unwrap();
    let FinishOutcome::Reused { uses } = db.database.finish(&late).await.unwrap() else {
        panic!("not seen");
    };
    assert!(!uses[0].held);
    late.uses = uses;
    assert!(is_stored(&db.database.finish(&late).await.unwrap()));
}

async fn a_rolled_back_finish_leaves_no_trace(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    db.database.finish(&finishing(&fixture, 1, None).await).await.unwrap();
    let second = finishing(&fixture, 1, None).await;
    let seen = db.database.finish(&second).await.unwrap();
    assert!(matches!(seen, FinishOutcome::Reused { .. }));
    assert_eq!(db.number("SELECT MAX(videos) FROM fingerprints").await, 1);
    assert_eq!(db.number("SELECT COUNT(*) FROM submissions").await, 1);
    assert_eq!(db.number("SELECT COUNT(*) FROM outbox").await, 1);
    let report = db.database.report(second.details.ref_key).await.unwrap().unwrap();
    assert_eq!(report.status, ReportStatus::AwaitingVideo);
}

async fn the_list_of_earlier_uses_is_limited_and_starts_with_those_that_count(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let (mut first, mut submissions) = (None, Vec::new());
    for _ in 0..MAX_LINKS + 3 {
        let mut one = finishing(&fixture, 1, Some(2)).await;
        if let FinishOutcome::Reused { uses } = db.database.finish(&one).await.unwrap() {
            one.uses = uses;
            assert!(is_stored(&db.database.finish(&one).await.unwrap()));
        }
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
