//! The transaction that finishes an upload: atomic and idempotent.

use forte_media::database::FinishOutcome;
use forte_media::model::{Digest, Offset, ReportStatus, SubmissionId, UploadState, VideoId};
use futures_util::future::join_all;

use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::{Fixture, LENGTH};
use crate::harness::rows::Rows;

on_both_databases! {
    finishing_an_upload_creates_a_submission_and_a_message,
    a_repeated_call_returns_the_first_result,
    concurrent_calls_have_one_effect,
    only_one_of_two_uploads_for_a_report_submits,
    the_same_file_again_is_a_duplicate,
    a_refused_finish_changes_nothing,
    an_inactive_owner_does_not_submit,
    a_report_of_another_company_is_not_found,
    a_lost_lease_does_not_submit,
    a_rejected_report_accepts_a_new_video,
    a_submitted_report_without_a_video_is_closed,
}

/// The ids of a stored video and its submission.
fn ids(outcome: &FinishOutcome) -> Option<(VideoId, SubmissionId)> {
    match outcome {
        FinishOutcome::Stored { video, submission, .. } => Some((*video, *submission)),
        _ => None,
    }
}

async fn finishing_an_upload_creates_a_submission_and_a_message(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report().await;
    let finishing = fixture.finished_upload(fixture.driver, ref_key).await;
    let outcome = db.database.finish(&finishing).await.unwrap();
    assert_eq!(ids(&outcome), Some((finishing.video, finishing.submission)));

    let upload = db.database.upload(finishing.upload).await.unwrap().unwrap();
    assert_eq!((upload.state, upload.holder), (UploadState::Stored, None));
    assert_eq!(upload.committed, Offset::new(LENGTH.get()));
    let report = db.database.report(ref_key).await.unwrap().unwrap();
    assert_eq!((report.status, report.held), (ReportStatus::Submitted, Some(finishing.sha256)));
    let video = db.database.latest_video(ref_key).await.unwrap().unwrap().stored;
    assert_eq!((video.video, video.id), (finishing.video, finishing.submission));
    assert_eq!(
        (video.time_sent, video.place),
        (finishing.details.time_sent.clone(), finishing.details.place)
    );
    let event = db.database.event(finishing.event).await.unwrap().unwrap();
    assert_eq!(
        (event.subject, event.body),
        (ref_key.to_string(), (finishing.message)(&finishing, &[]).body)
    );
    assert_eq!(db.number("SELECT COUNT(*) FROM custody").await, 1);
}

async fn a_repeated_call_returns_the_first_result(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let finishing = fixture.finished_upload(fixture.driver, fixture.report().await).await;
    let first = db.database.finish(&finishing).await.unwrap();
    let calls = join_all((0..8).map(|_| db.database.finish(&finishing))).await;
    for call in calls {
        assert_eq!(ids(&call.unwrap()), ids(&first));
    }
    assert_eq!(db.number("SELECT COUNT(*) FROM outbox").await, 1);
    assert_eq!(db.number("SELECT COUNT(*) FROM submissions").await, 1);
}

async fn concurrent_calls_have_one_effect(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let finishing = fixture.finished_upload(fixture.driver, fixture.report().await).await;
    let calls = join_all((0..8).map(|_| db.database.finish(&finishing))).await;
    for call in calls {
        assert!(matches!(call.unwrap(), FinishOutcome::Stored { .. }));
    }
    assert_eq!(db.number("SELECT COUNT(*) FROM videos").await, 1);
}

async fn only_one_of_two_uploads_for_a_report_submits(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report().await;
    let one = fixture.finished_upload(fixture.driver, ref_key).await;
    let two = fixture.finished_upload(fixture.driver, ref_key).await;
    let (first, second) = tokio::join!(db.database.finish(&one), db.database.finish(&two));
    let outcomes = [first.unwrap(), second.unwrap()];
    let stored = |outcome: &&FinishOutcome| matches!(outcome, FinishOutcome::Stored { .. });
    assert_eq!(outcomes.iter().filter(stored).count(), 1, "{outcomes:?}");
    let held = db.database.report(ref_key).await.unwrap().unwrap().held.unwrap();
    assert!(outcomes.contains(&FinishOutcome::AlreadySubmitted { held }), "{outcomes:?}");
    assert_eq!(db.number("SELECT COUNT(*) FROM outbox").await, 1);
}

async fn the_same_file_again_is_a_duplicate(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report().await;
    let first = fixture.finished_upload(fixture.driver, ref_key).await;
    db.database.finish(&first).await.unwrap();
    let mut again = fixture.finished_upload(fixture.driver, ref_key).await;
    again.sha256 = first.sha256;
    let repeats = FinishOutcome::Repeats { video: first.video, submission: first.submission };
    assert_eq!(db.database.finish(&again).await.unwrap(), repeats);

    let before = db.database.upload(again.upload).await.unwrap().unwrap();
    assert_eq!(before.state, UploadState::Finishing, "the upload is unchanged");
    db.database
        .end_as_duplicate(
            again.upload,
            again.fence,
            LENGTH,
            (first.video, first.submission),
            fixture.now(),
        )
        .await
        .unwrap();
    let after = db.database.upload(again.upload).await.unwrap().unwrap();
    assert_eq!((after.state, after.video), (UploadState::Stored, Some(first.video)));
}

async fn a_refused_finish_changes_nothing(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report_in(ReportStatus::Approved).await;
    let finishing = fixture.finished_upload(fixture.driver, ref_key).await;
    assert_eq!(db.database.finish(&finishing).await.unwrap(), FinishOutcome::Closed);
    let upload = db.database.upload(finishing.upload).await.unwrap().unwrap();
    assert_eq!((upload.state, upload.committed), (UploadState::Finishing, Offset::START));
    assert_eq!(db.number("SELECT COUNT(*) FROM outbox").await, 0);
    assert_eq!(db.number("SELECT COUNT(*) FROM videos").await, 0);
}

async fn an_inactive_owner_does_not_submit(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report().await;
    let finishing = fixture.finished_upload(fixture.driver, ref_key).await;
    db.database.set_person_active(fixture.driver.id, false).await.unwrap();
    assert_eq!(db.database.finish(&finishing).await.unwrap(), FinishOutcome::OwnerInactive);
    let report = db.database.report(ref_key).await.unwrap().unwrap();
    assert_eq!(report.status, ReportStatus::AwaitingVideo);
}

async fn a_report_of_another_company_is_not_found(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let other = fixture.foreign_driver().await;
    let finishing = fixture.finished_upload(other, fixture.report().await).await;
    assert_eq!(db.database.finish(&finishing).await.unwrap(), FinishOutcome::NoReport);
}

async fn a_lost_lease_does_not_submit(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report().await;
    let finishing = fixture.finished_upload(fixture.driver, ref_key).await;
    let row = db.database.upload(finishing.upload).await.unwrap().unwrap();
    db.database.mark_node_dead(row.holder.unwrap(), fixture.now()).await.unwrap();
    assert_eq!(db.database.finish(&finishing).await.unwrap(), FinishOutcome::Fenced);
    assert!(db.database.report(ref_key).await.unwrap().unwrap().status.is_open());
}

async fn a_rejected_report_accepts_a_new_video(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report().await;
    db.database.finish(&fixture.finished_upload(fixture.driver, ref_key).await).await.unwrap();
    db.database.set_report_status(ref_key, ReportStatus::Rejected).await.unwrap();
    fixture.manual_clock.advance(jiff::SignedDuration::from_secs(1));
    let mut second = fixture.finished_upload(fixture.driver, ref_key).await;
    second.sha256 = Digest::new([9; 32]);
    assert!(matches!(db.database.finish(&second).await.unwrap(), FinishOutcome::Stored { .. }));
    assert_eq!(
        db.database.latest_video(ref_key).await.unwrap().unwrap().stored.video,
        second.video
    );
}

async fn a_submitted_report_without_a_video_is_closed(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report_in(ReportStatus::Submitted).await;
    let finishing = fixture.finished_upload(fixture.driver, ref_key).await;
    assert_eq!(db.database.finish(&finishing).await.unwrap(), FinishOutcome::Closed);
}
