//! Migrations, sweeps, and rows with invalid values.

use forte_media::database::{Config, Database, DatabaseError, Pooler, UploadLeftovers};
use forte_media::model::{MaybeTransient as _, UploadState};
use jiff::SignedDuration;

use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::Fixture;

fn is_unreadable<T>(read: &Result<T, DatabaseError>, field: &str) -> bool {
    matches!(read, Err(DatabaseError::Unreadable { column, .. }) if column == field)
}

on_both_databases! {
    migrating_again_changes_nothing,
    the_schema_of_the_next_release_is_accepted,
    a_schema_two_releases_ahead_is_refused,
    the_earlier_layout_is_refused,
    an_upload_expires_only_when_no_other_node_holds_it,
    an_ended_upload_is_cleaned_up_and_checked_again,
    cleaning_up_keeps_the_stored_video,
    active_uploads_are_counted_by_person,
    an_invalid_row_is_an_error,
    a_closed_database_is_a_transient_error,
}

async fn migrating_again_changes_nothing(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let upload = fixture.upload(fixture.report().await).await;
    db.database.migrate().await.unwrap();
    let (one, two) = (db.open_again().await, db.open_again().await);
    let (first, second) = tokio::join!(one.migrate(), two.migrate());
    first.and(second).unwrap();
    assert!(db.database.upload(upload).await.unwrap().is_some());
}

const NEXT_MIGRATION: &str = "INSERT INTO _sqlx_migrations \
    (version, description, success, checksum, execution_time) \
    SELECT MAX(version) + 1, 'next', success, checksum, 1 FROM _sqlx_migrations \
    GROUP BY success, checksum ORDER BY 1 DESC LIMIT 1";

async fn the_schema_of_the_next_release_is_accepted(db: Db) {
    db.execute(NEXT_MIGRATION).await;
    db.database.migrate().await.unwrap();
}

async fn a_schema_two_releases_ahead_is_refused(db: Db) {
    db.execute(NEXT_MIGRATION).await;
    db.execute(NEXT_MIGRATION).await;
    let error = db.database.migrate().await.unwrap_err();
    assert!(matches!(error, DatabaseError::SchemaTooNew { .. }), "{error:?}");
    assert!(error.to_string().contains("install a newer release"), "{error}");
}

async fn the_earlier_layout_is_refused(db: Db) {
    db.execute("UPDATE _sqlx_migrations SET checksum = substr(checksum, 2)").await;
    let error = db.database.migrate().await.unwrap_err();
    assert!(matches!(error, DatabaseError::OldLayout), "{error:?}");
    assert!(error.to_string().contains("use an empty data folder"), "{error}");
}

async fn an_upload_expires_only_when_no_other_node_holds_it(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let node = fixture.node("mine").await;
    let upload = fixture.upload(fixture.report().await).await;
    let held = fixture.upload(fixture.report().await).await;
    db.database.acquire_lease(held, 0, fixture.node("a").await).await.unwrap().unwrap();
    assert!(db.database.expired_uploads(node, fixture.now(), 10).await.unwrap().is_empty());
    fixture.manual_clock.advance(SignedDuration::from_hours(24));
    assert_eq!(db.database.expired_uploads(node, fixture.now(), 10).await.unwrap(), [(upload, 0)]);
}

async fn an_ended_upload_is_cleaned_up_and_checked_again(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let upload = fixture.upload(fixture.report().await).await;
    let now = fixture.now();
    assert!(db.database.end_upload(upload, 0, UploadState::Expired, None, now).await.unwrap());
    assert!(!db.database.end_upload(upload, 0, UploadState::Lost, None, now).await.unwrap());
    let expires_at = now + SignedDuration::from_hours(24);
    let leftovers = UploadLeftovers { upload, kept: None, again: false, expires_at };
    assert_eq!(db.database.uploads_to_clean(now, 10).await.unwrap(), [leftovers]);

    let later = now + SignedDuration::from_hours(1);
    db.database.mark_cleaned(upload, Some(later)).await.unwrap();
    assert!(db.database.uploads_to_clean(now, 10).await.unwrap().is_empty());
    let second = UploadLeftovers { again: true, ..leftovers };
    assert_eq!(db.database.uploads_to_clean(later, 10).await.unwrap(), [second]);
    db.database.mark_cleaned(upload, None).await.unwrap();
    assert!(db.database.uploads_to_clean(later, 10).await.unwrap().is_empty());
}

async fn cleaning_up_keeps_the_stored_video(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let finishing = fixture.finished_upload(fixture.driver, fixture.report().await).await;
    db.database.finish(&finishing).await.unwrap();
    let leftovers = db.database.uploads_to_clean(fixture.now(), 10).await.unwrap();
    assert_eq!(leftovers.len(), 1);
    assert_eq!(
        (leftovers[0].upload, leftovers[0].kept),
        (finishing.upload, Some(finishing.sha256))
    );
}

async fn active_uploads_are_counted_by_person(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report().await;
    let upload = fixture.upload(ref_key).await;
    fixture.upload(ref_key).await;
    assert_eq!(db.database.count_active_uploads(fixture.driver.id).await.unwrap(), 2);
    db.database.end_upload(upload, 0, UploadState::Terminated, None, fixture.now()).await.unwrap();
    assert_eq!(db.database.count_active_uploads(fixture.driver.id).await.unwrap(), 1);
}

async fn an_invalid_row_is_an_error(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report().await;
    let upload = fixture.upload(ref_key).await;
    let event = fixture.enqueue().await;
    db.execute("UPDATE uploads SET state = 'asleep'").await;
    assert!(is_unreadable(&db.database.upload(upload).await, "state"));
    db.execute("UPDATE uploads SET state = 'open', committed = -1").await;
    assert!(is_unreadable(&db.database.upload(upload).await, "committed"));
    db.execute("UPDATE uploads SET committed = 0, expires_at = 9223372036854775807").await;
    assert!(is_unreadable(&db.database.upload(upload).await, "expires_at"));
    db.execute("UPDATE reports SET status_code = 7").await;
    assert!(is_unreadable(&db.database.report(ref_key).await, "status_code"));
    db.execute("UPDATE people SET role = 'king'").await;
    assert!(is_unreadable(&db.database.active_person(fixture.driver.id).await, "role"));
    db.execute("UPDATE outbox SET state = 'lost'").await;
    assert!(is_unreadable(&db.database.event(event).await, "state"));
}

async fn a_closed_database_is_a_transient_error(db: Db) {
    db.database.probe().await.unwrap();
    db.database.close().await;
    assert!(db.database.probe().await.unwrap_err().is_transient());
}

fn config(url: &str) -> Config {
    Config {
        url: url.to_owned().into(),
        max_connections: 1,
        acquire_timeout: SignedDuration::from_millis(200),
        statement_timeout: SignedDuration::from_secs(30),
        sqlite_busy_timeout: SignedDuration::from_millis(200),
        pooler: Pooler::None,
    }
}

#[tokio::test]
async fn an_unsupported_database_is_refused_without_showing_its_password() {
    let error = Database::open(&config("mysql://forte:word@127.0.0.1/forte")).await.unwrap_err();
    assert!(error.to_string().contains("sqlite:// or postgres://"), "{error}");
    assert!(!error.to_string().contains("word"), "{error}");
}

#[tokio::test]
async fn an_unreachable_server_is_a_transient_error() {
    let error = Database::open(&config("postgres://127.0.0.1:1/forte")).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let chain = forte_media::model::error_chain(&error);
    assert!(chain.contains("server 127.0.0.1:1: ") && chain.contains("refused"), "{chain}");
}

/// The file of the earlier layout had another name: a new one beside it would hide it.
#[tokio::test]
async fn a_folder_with_the_earlier_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ledger.db"), "").unwrap();
    let url = format!("sqlite://{}/forte-media.db", folder.path().display());
    let error = Database::open(&config(&url)).await.unwrap_err();
    assert!(matches!(error, DatabaseError::OldLayout), "{error:?}");
    assert!(!folder.path().join("forte-media.db").exists());
}
