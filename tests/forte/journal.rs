//! The sequencer of 1C's queue: receipts and leaves, the journal in the store, the lease.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use forte_media::model::{Clock, Faults, NodeId, Random};
use forte_media::proof::{Sequencer, SequencerError};
use forte_media::storage::{JournalKey, Store};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::account::{NODE, add_node, get};
use crate::harness::clips::GOOD;
use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::{DEVICE, Fixture};
use crate::harness::service::{self, Backend, Options, Service, on_both_backends};
use crate::harness::tus;
use crate::onec_queue::submitted;

on_both_backends! {
    a_submission_is_in_the_journal_before_1c_sees_it,
    a_finish_writes_an_unsigned_receipt_and_a_pending_leaf,
    a_journal_ahead_of_the_database_stops_only_the_sequencer,
    a_batch_of_a_newer_database_stops_the_sequencer,
    a_shorter_batch_of_a_newer_database_is_detected,
}
on_both_databases! {
    the_next_node_continues_a_batch_that_was_not_published,
    a_newer_release_takes_the_lease_and_an_older_one_waits_for_its_end,
    a_sequencer_that_was_overtaken_publishes_nothing,
}

const PATH: &str = "/1c/v1/submissions";

/// A sequencer of a node that is registered.
pub(crate) async fn sequencer(db: &Db, folder: &Path) -> Sequencer {
    let (node, store) = (registered(db).await, open_store(folder, Faults::none()).await);
    Sequencer::new(db.database.clone(), store, node, SignedDuration::ZERO)
}

async fn registered(db: &Db) -> NodeId {
    let node = NodeId::mint(&Clock::system(), &Random::system());
    let folder = format!("/{node}");
    db.database.register_node(node, &folder, Timestamp::UNIX_EPOCH).await.unwrap();
    node
}

async fn open_store(folder: &Path, faults: Faults) -> Store {
    let url = format!("file:{}", folder.display());
    let variables = [("FORTE_MEDIA__STORAGE__URL".to_owned(), url)];
    let settings = forte_media::config::Settings::load(None, variables).unwrap();
    Store::open(&settings.storage, &[7; 32], faults).await.unwrap()
}

/// Submits reports in the database alone.
async fn with_submissions(db: &Db, count: usize) -> Fixture {
    let fixture = Fixture::create(&db.database).await;
    for _ in 0..count {
        fixture.enqueue().await;
    }
    fixture
}

/// The lines of a batch: the header, and the submissions.
async fn lines(store: &Store, first: i64, last: i64) -> Vec<Value> {
    let bytes = store.read_journal(&JournalKey { first, last }).await.unwrap();
    let text = std::str::from_utf8(&bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn page(service: &Service) -> Value {
    service::json(get(service, PATH).await).await
}

async fn a_submission_is_in_the_journal_before_1c_sees_it(service: Service) {
    add_node(&service, NODE).await;
    let report = submitted(&service).await;
    let seen = &page(&service).await["submissions"][0];
    let lines = lines(&service.app.store, 1, 1).await;
    assert_eq!(lines[0], json!({ "format": 1, "log_size": 0, "received_no": {} }));
    assert_eq!(lines.len(), 2);
    let line = &lines[1];
    for key in ["submission_id", "video_id", "sha256", "length", "lat", "long", "report_ref_key"] {
        assert_eq!(line[key], seen[key], "{key}");
    }
    assert_eq!((&line["turn"], &line["report_ref_key"]), (&json!(1), &json!(report.to_string())));
    assert_eq!(line["device"], DEVICE);
    assert_eq!(line["company"], json!({ "id": 20, "biin": "080540013184" }));
    assert_eq!(line["person"]["id"], 153);
    assert!(line["facts"]["video_codec"].is_string() && line["verdicts"].is_array());
    assert_eq!(line["salt"].as_str().unwrap().len(), 64);
    let receipt: Value = serde_json::from_str(line["receipt"].as_str().unwrap()).unwrap();
    assert_eq!(receipt["submission_id"], line["submission_id"]);
    // The next batch is an object of its own.
    submitted(&service).await;
    assert_eq!(page(&service).await["cursor"], 2);
    assert_eq!(service.app.store.journal_from(2).await.unwrap().unwrap().last, 2);
    assert_eq!(service.app.store.journal_from(3).await.unwrap(), None);
    assert!(service.stored_objects().await.iter().all(|path| path.starts_with("videos/")));
}

async fn a_finish_writes_an_unsigned_receipt_and_a_pending_leaf(service: Service) {
    submitted(&service).await;
    let db = &service.env.db;
    let sql = "SELECT COUNT(*) FROM receipts r JOIN submissions s ON s.id = r.submission_id \
        JOIN leaves l ON l.subject = r.id WHERE r.signature = '' AND l.position = -1 \
        AND l.kind = 'receipt'";
    assert_eq!(db.number(sql).await, 1);
    let body = db.rows("SELECT body FROM receipts").await.remove(0);
    let receipt: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(serde_json_canonicalizer::to_string(&receipt).unwrap(), body);
    assert_eq!(receipt["length"], GOOD.len());
    assert_eq!((&receipt["format"], &receipt["device"]), (&json!(1), &json!(DEVICE)));
    assert!(receipt["verdicts"].as_array().unwrap().iter().any(|one| one["test"] == "reuse"));
}

/// An older backup was restored: the store has turns that the database does not know.
async fn a_journal_ahead_of_the_database_stops_only_the_sequencer(service: Service) {
    add_node(&service, NODE).await;
    submitted(&service).await;
    assert_eq!(page(&service).await["cursor"], 1);
    let later = JournalKey { first: 2, last: 9 };
    service.app.store.put_journal(&later, "{}\n".into()).await.unwrap();
    // It is noticed when a node takes the lease, before it assigns anything.
    let (second, _shutdown) = service.second_node("two", Options::default()).await;
    let dead = service.app.state.uploads.node();
    service.database().mark_node_dead(dead, service.clock().now()).await.unwrap();
    submitted(&service).await;
    let error = second.sequencer.assign_turns().await.unwrap_err();
    assert!(matches!(error, SequencerError::Behind { turn: 1, key } if key == later), "{error}");
    let problem = service.database().sequencer_problem().await.unwrap().unwrap();
    assert!(problem.contains("meta/journal/000000000002-000000000009.jsonl"), "{problem}");
    assert_eq!(page(&service).await["cursor"], 1);
}

async fn a_batch_of_a_newer_database_stops_the_sequencer(service: Service) {
    add_node(&service, NODE).await;
    // The node has compared the journal.
    service.app.sequencer.assign_turns().await.unwrap();
    let other = json!({ "turn": 1, "submission_id": "018f6d0a-0000-7000-8000-000000000000" });
    let key = JournalKey { first: 1, last: 1 };
    service.app.store.put_journal(&key, format!("{{}}\n{other}\n").into()).await.unwrap();
    submitted(&service).await;
    let error = service.app.sequencer.assign_turns().await.unwrap_err();
    assert!(matches!(error, SequencerError::Behind { turn: 0, key: found } if found == key));
    assert_eq!(page(&service).await["submissions"], json!([]));
}

/// The node holds the lease all the time, and no statement fails: a lagging standby took over between two of them.
async fn a_shorter_batch_of_a_newer_database_is_detected(service: Service) {
    add_node(&service, NODE).await;
    service.app.sequencer.assign_turns().await.unwrap();
    let key = JournalKey { first: 1, last: 1 };
    service.app.store.put_journal(&key, "{}\n".into()).await.unwrap();
    for _ in 0..3 {
        submitted(&service).await;
    }
    let error = service.app.sequencer.assign_turns().await.unwrap_err();
    assert!(matches!(error, SequencerError::Behind { turn: 0, key: found } if found == key));
    assert_eq!(page(&service).await["submissions"], json!([]));
    assert!(service.database().sequencer_problem().await.unwrap().is_some());
}

async fn the_next_node_continues_a_batch_that_was_not_published(db: Db) {
    let fixture = with_submissions(&db, 3).await;
    let folder = tempfile::tempdir().unwrap();
    let fails = Arc::new(AtomicBool::new(true));
    let faults = Faults::scripted({
        let fails = Arc::clone(&fails);
        move |place| place == "storage.put_journal.after" && fails.load(Ordering::Relaxed)
    });
    let (node, store) = (registered(&db).await, open_store(folder.path(), faults).await);
    let first = Sequencer::new(db.database.clone(), store.clone(), node, SignedDuration::ZERO);
    first.assign_turns().await.unwrap_err();
    assert_eq!(db.database.last_turn().await.unwrap(), 0);
    let written = store.read_journal(&JournalKey { first: 1, last: 3 }).await.unwrap();
    // Another submission arrives, a telephone number changes, and the node dies.
    fixture.enqueue().await;
    db.execute("UPDATE people SET mobile_digits = '77000000000'").await;
    let next = sequencer(&db, folder.path()).await;
    next.assign_turns().await.unwrap();
    assert_eq!(db.database.last_turn().await.unwrap(), 0, "the first node lives");
    db.database.mark_node_dead(node, Timestamp::UNIX_EPOCH).await.unwrap();
    next.assign_turns().await.unwrap();
    assert_eq!(db.database.last_turn().await.unwrap(), 4);
    assert_eq!(store.read_journal(&JournalKey { first: 1, last: 3 }).await.unwrap(), written);
    assert_eq!(store.journal_from(4).await.unwrap(), Some(JournalKey { first: 4, last: 4 }));
}

async fn a_newer_release_takes_the_lease_and_an_older_one_waits_for_its_end(db: Db) {
    let (old, other, new) = (registered(&db).await, registered(&db).await, registered(&db).await);
    let hold = |node, version| db.database.hold_sequencer(node, version);
    assert_eq!(hold(old, 1).await.unwrap(), Some(1));
    assert_eq!(hold(old, 1).await.unwrap(), Some(1));
    assert_eq!(hold(other, 1).await.unwrap(), None);
    assert_eq!(hold(new, 2).await.unwrap(), Some(2));
    assert_eq!(hold(old, 1).await.unwrap(), None);
    db.database.mark_node_dead(new, Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(hold(old, 1).await.unwrap(), Some(3));
}

async fn a_sequencer_that_was_overtaken_publishes_nothing(db: Db) {
    with_submissions(&db, 2).await;
    let (paused, next) = (registered(&db).await, registered(&db).await);
    let fence = db.database.hold_sequencer(paused, 1).await.unwrap().unwrap();
    let batch = db.database.plan_turns(fence, 1).await.unwrap().unwrap();
    assert_eq!(batch.rows.len(), 1);
    db.database.mark_node_dead(paused, Timestamp::UNIX_EPOCH).await.unwrap();
    let later = db.database.hold_sequencer(next, 1).await.unwrap().unwrap();
    assert!(!db.database.publish_turns(fence).await.unwrap());
    assert!(db.database.plan_turns(fence, 9).await.unwrap().is_none());
    // The plan stays, whoever continues it.
    let continued = db.database.plan_turns(later, 9).await.unwrap().unwrap();
    assert_eq!(continued.rows[0].stored.id, batch.rows[0].stored.id);
    assert!(db.database.publish_turns(later).await.unwrap());
    assert_eq!(db.database.last_turn().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_unavailable_1c_sees_no_new_submissions_but_the_queue_answers() {
    let fails = Arc::new(AtomicBool::new(true));
    let faults = Faults::scripted({
        let fails = Arc::clone(&fails);
        move |place| place == "storage.put_journal.before" && fails.load(Ordering::Relaxed)
    });
    let options = Options { faults, ..Options::default() };
    let service = Service::start_with(Backend::Embedded, options).await.unwrap();
    add_node(&service, NODE).await;
    let path = tus::create(&service, service.report().await, GOOD.len()).await;
    assert_eq!(tus::patch(&service, &path, 0, GOOD).await.status(), 204);
    assert_eq!(page(&service).await["submissions"], json!([]));
    fails.store(false, Ordering::Relaxed);
    assert_eq!(page(&service).await["cursor"], 1);
}
