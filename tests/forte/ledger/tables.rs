//! Migrations, sweeps, and rows that hold what cannot be.

use forte_media::ledger::{Config, Ledger, LedgerError, Remains};
use forte_media::model::UploadState;
use jiff::SignedDuration;

use crate::harness::db::{Db, on_both_databases};
use crate::harness::house::House;

fn is_unreadable<T>(read: &Result<T, LedgerError>, field: &str) -> bool {
    matches!(read, Err(LedgerError::Unreadable { what, .. }) if *what == field)
}

on_both_databases! {
    migrating_again_changes_nothing,
    an_upload_expires_only_when_nobody_else_holds_it,
    what_an_ended_upload_left_is_cleared_and_looked_at_again,
    clearing_knows_which_video_stays,
    a_person_counts_by_their_living_uploads,
    a_row_that_cannot_be_is_an_error,
    a_closed_ledger_is_away,
}

async fn migrating_again_changes_nothing(db: Db) {
    let house = House::furnish(&db.ledger).await;
    let upload = house.upload(house.report().await).await;
    db.ledger.migrate().await.unwrap();
    let (one, two) = (db.opened_again().await, db.opened_again().await);
    let (first, second) = tokio::join!(one.migrate(), two.migrate());
    first.and(second).unwrap();
    assert!(db.ledger.upload(upload).await.unwrap().is_some());
}

async fn an_upload_expires_only_when_nobody_else_holds_it(db: Db) {
    let house = House::furnish(&db.ledger).await;
    let node = house.node("mine").await;
    let upload = house.upload(house.report().await).await;
    let held = house.upload(house.report().await).await;
    db.ledger.take_gate(held, 0, house.node("a").await).await.unwrap().unwrap();
    assert!(db.ledger.expired_uploads(node, house.now(), 10).await.unwrap().is_empty());
    house.hand.advance(SignedDuration::from_hours(24));
    assert_eq!(db.ledger.expired_uploads(node, house.now(), 10).await.unwrap(), [(upload, 0)]);
}

async fn what_an_ended_upload_left_is_cleared_and_looked_at_again(db: Db) {
    let house = House::furnish(&db.ledger).await;
    let upload = house.upload(house.report().await).await;
    let now = house.now();
    assert!(db.ledger.end_upload(upload, 0, UploadState::Expired, None, now).await.unwrap());
    assert!(!db.ledger.end_upload(upload, 0, UploadState::Lost, None, now).await.unwrap());
    let remains = Remains { upload, kept: None, again: false };
    assert_eq!(db.ledger.uploads_to_clear(now, 10).await.unwrap(), [remains]);

    let later = now + SignedDuration::from_hours(1);
    db.ledger.upload_cleared(upload, Some(later)).await.unwrap();
    assert!(db.ledger.uploads_to_clear(now, 10).await.unwrap().is_empty());
    let second = Remains { again: true, ..remains };
    assert_eq!(db.ledger.uploads_to_clear(later, 10).await.unwrap(), [second]);
    db.ledger.upload_cleared(upload, None).await.unwrap();
    assert!(db.ledger.uploads_to_clear(later, 10).await.unwrap().is_empty());
}

async fn clearing_knows_which_video_stays(db: Db) {
    let house = House::furnish(&db.ledger).await;
    let finishing = house.finishing(house.driver, house.report().await).await;
    db.ledger.finish(&finishing).await.unwrap();
    let remains = Remains { upload: finishing.upload, kept: Some(finishing.sha256), again: false };
    assert_eq!(db.ledger.uploads_to_clear(house.now(), 10).await.unwrap(), [remains]);
}

async fn a_person_counts_by_their_living_uploads(db: Db) {
    let house = House::furnish(&db.ledger).await;
    let ref_key = house.report().await;
    let upload = house.upload(ref_key).await;
    house.upload(ref_key).await;
    assert_eq!(db.ledger.living_uploads(house.driver.id).await.unwrap(), 2);
    db.ledger.end_upload(upload, 0, UploadState::Terminated, None, house.now()).await.unwrap();
    assert_eq!(db.ledger.living_uploads(house.driver.id).await.unwrap(), 1);
}

async fn a_row_that_cannot_be_is_an_error(db: Db) {
    let house = House::furnish(&db.ledger).await;
    let ref_key = house.report().await;
    let upload = house.upload(ref_key).await;
    let event = house.told().await;
    db.tamper("UPDATE uploads SET state = 'asleep'").await;
    assert!(is_unreadable(&db.ledger.upload(upload).await, "state"));
    db.tamper("UPDATE uploads SET state = 'open', committed = -1").await;
    assert!(is_unreadable(&db.ledger.upload(upload).await, "committed"));
    db.tamper("UPDATE uploads SET committed = 0, expires_at = 9223372036854775807").await;
    assert!(is_unreadable(&db.ledger.upload(upload).await, "expires_at"));
    db.tamper("UPDATE reports SET status_code = 7").await;
    assert!(is_unreadable(&db.ledger.report(ref_key).await, "status_code"));
    db.tamper("UPDATE people SET role = 'king'").await;
    assert!(is_unreadable(&db.ledger.active_person(house.driver.id).await, "role"));
    db.tamper("UPDATE outbox SET state = 'lost'").await;
    assert!(is_unreadable(&db.ledger.event(event).await, "state"));
}

async fn a_closed_ledger_is_away(db: Db) {
    db.ledger.probe().await.unwrap();
    db.ledger.close().await;
    assert!(db.ledger.probe().await.unwrap_err().is_transient());
}

fn config(url: &str) -> Config {
    Config {
        url: url.to_owned().into(),
        max_connections: 1,
        acquire_timeout: SignedDuration::from_millis(200),
        sqlite_busy_timeout: SignedDuration::from_millis(200),
    }
}

#[tokio::test]
async fn a_database_we_do_not_speak_is_refused_without_its_password() {
    let error = Ledger::open(&config("mysql://forte:word@127.0.0.1/forte")).await.unwrap_err();
    assert!(error.to_string().contains("sqlite:// or postgres://"), "{error}");
    assert!(!error.to_string().contains("word"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_away() {
    let error = Ledger::open(&config("postgres://127.0.0.1:1/forte")).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}
