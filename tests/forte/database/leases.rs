//! Write leases: who may write to an upload, and which commits are accepted.

use forte_media::database::{AfterCommit, Commit, CommitOutcome, Database, ReleaseRequest};
use forte_media::model::{Digest, NodeId, Offset, UploadId, UploadState};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::{Fixture, LENGTH};

/// Tasks that write concurrently.
const TASKS: u64 = 8;
/// Commits by each task.
const ROUNDS: u64 = 10;

fn commit(upload: UploadId, fence: i64, from: u64, to: u64, node: NodeId) -> Commit {
    Commit {
        upload,
        fence,
        from: Offset::new(from),
        to: Offset::new(to),
        segment: None,
        node,
        expires_at: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1_000_000),
        then: AfterCommit::Release,
    }
}

/// Acquires the lease and adds one byte, until `ROUNDS` commits have been acknowledged.
async fn add_bytes(database: Database, upload: UploadId, node: NodeId) {
    let mut acknowledged = 0;
    while acknowledged < ROUNDS {
        let row = database.upload(upload).await.unwrap().unwrap();
        let Some(fence) = database.acquire_lease(upload, row.fence, node).await.unwrap() else {
            continue;
        };
        let from = database.upload(upload).await.unwrap().unwrap().committed.get();
        let segment = Some(Digest::new([7; 32]));
        let commit = Commit { segment, ..commit(upload, fence, from, from + 1, node) };
        if database.commit(&commit).await.unwrap() == CommitOutcome::Acknowledged {
            acknowledged += 1;
        }
    }
}

on_both_databases! {
    every_acknowledged_byte_is_counted_once,
    one_of_several_concurrent_requests_acquires_the_lease,
    a_commit_with_an_old_fence_is_refused,
    an_upload_that_a_dead_node_was_creating_ends,
    a_sweep_with_a_stale_lease_does_not_end_an_answered_upload,
    an_orphaned_lease_is_released_and_fenced,
    releasing_a_lease_keeps_acknowledged_bytes,
    a_release_request_reaches_only_the_holder,
    a_dead_node_loses_its_leases_and_its_late_commits,
    a_new_process_in_the_same_folder_marks_the_old_one_dead,
}

async fn every_acknowledged_byte_is_counted_once(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let upload = fixture.upload(fixture.report().await).await;
    let node = fixture.node("a").await;
    let tasks = (0..TASKS).map(|_| add_bytes(db.database.clone(), upload, node));
    join_all(tasks).await;
    let row = db.database.upload(upload).await.unwrap().unwrap();
    assert_eq!(row.committed.get(), TASKS * ROUNDS);
    let segments = db.database.segments(upload).await.unwrap();
    let ends: Vec<u64> = segments.iter().map(|segment| segment.end.get()).collect();
    assert_eq!(ends, (1..=TASKS * ROUNDS).collect::<Vec<_>>());
}

async fn one_of_several_concurrent_requests_acquires_the_lease(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let upload = fixture.upload(fixture.report().await).await;
    let node = fixture.node("a").await;
    let attempts = (0..TASKS).map(|_| db.database.acquire_lease(upload, 0, node));
    let fences = join_all(attempts).await;
    let winners: Vec<i64> = fences.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(winners, [1]);
}

async fn a_commit_with_an_old_fence_is_refused(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let upload = fixture.upload(fixture.report().await).await;
    let (old, new) = (fixture.node("a").await, fixture.node("b").await);
    let outdated = db.database.acquire_lease(upload, 0, old).await.unwrap().unwrap();
    let current = db.database.acquire_lease(upload, outdated, new).await.unwrap().unwrap();

    let late = commit(upload, outdated, 0, 100, old);
    assert_eq!(db.database.commit(&late).await.unwrap(), CommitOutcome::Fenced);
    let good =
        Commit { segment: Some(Digest::new([1; 32])), ..commit(upload, current, 0, 40, new) };
    assert_eq!(db.database.commit(&good).await.unwrap(), CommitOutcome::Acknowledged);
    let late = Commit { segment: Some(Digest::new([2; 32])), ..late };
    assert_eq!(db.database.commit(&late).await.unwrap(), CommitOutcome::Fenced);

    let row = db.database.upload(upload).await.unwrap().unwrap();
    assert_eq!((row.committed, row.holder, row.spooled_by), (Offset::new(40), None, Some(new)));
    let segments = db.database.segments(upload).await.unwrap();
    assert_eq!(segments.len(), 1, "the late segment is not counted");
    assert!(!db.database.begin_finishing(upload, outdated).await.unwrap());
    assert!(
        !db.database
            .end_upload(upload, outdated, UploadState::Terminated, None, fixture.now())
            .await
            .unwrap()
    );
}

async fn releasing_a_lease_keeps_acknowledged_bytes(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let upload = fixture.upload(fixture.report().await).await;
    let node = fixture.node("a").await;
    let fence = db.database.acquire_lease(upload, 0, node).await.unwrap().unwrap();
    db.database.release_lease(upload, fence).await.unwrap();
    let row = db.database.upload(upload).await.unwrap().unwrap();
    assert_eq!((row.holder, row.fence, row.committed), (None, fence, Offset::START));
    assert_eq!(row.length, Some(LENGTH));
}

async fn a_release_request_reaches_only_the_holder(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let upload = fixture.upload(fixture.report().await).await;
    let (holder, other) = (fixture.node("a").await, fixture.node("b").await);
    let fence = db.database.acquire_lease(upload, 0, holder).await.unwrap().unwrap();
    assert!(db.database.release_requests(holder).await.unwrap().is_empty());
    db.database.request_release(upload, fence).await.unwrap();
    let request = ReleaseRequest { upload, fence, if_idle: false };
    assert_eq!(db.database.release_requests(holder).await.unwrap(), [request]);
    assert!(db.database.release_requests(other).await.unwrap().is_empty());
    db.database.release_lease(upload, fence).await.unwrap();
    assert!(db.database.release_requests(holder).await.unwrap().is_empty());
}

async fn a_dead_node_loses_its_leases_and_its_late_commits(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let appending = fixture.upload(fixture.report().await).await;
    let finishing = fixture.upload(fixture.report().await).await;
    let node = fixture.node("a").await;
    let fence = db.database.acquire_lease(appending, 0, node).await.unwrap().unwrap();
    let last = db.database.acquire_lease(finishing, 0, node).await.unwrap().unwrap();
    assert!(db.database.begin_finishing(finishing, last).await.unwrap());

    db.database.mark_node_dead(node, fixture.now()).await.unwrap();

    assert!(
        !db.database.heartbeat(node).await.unwrap(),
        "the heartbeat reports that the node was marked dead"
    );
    for upload in [appending, finishing] {
        let row = db.database.upload(upload).await.unwrap().unwrap();
        assert_eq!((row.state, row.holder), (UploadState::Open, None));
    }
    let late = commit(appending, fence, 0, 10, node);
    assert_eq!(db.database.commit(&late).await.unwrap(), CommitOutcome::Fenced);
}

/// Its client cannot know the address of the upload.
async fn an_upload_that_a_dead_node_was_creating_ends(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let node = fixture.node("a").await;
    let creating = fixture.upload_being_created(fixture.report().await, node).await;
    let created = fixture.upload_being_created(fixture.report().await, node).await;
    for (upload, requests) in [(creating, 1), (created, 2)] {
        for fence in 0..requests {
            db.database.acquire_lease(upload, fence, node).await.unwrap().unwrap();
        }
    }
    db.database.mark_node_dead(node, fixture.now()).await.unwrap();
    let state = async |upload| db.database.upload(upload).await.unwrap().unwrap().state;
    assert_eq!(state(creating).await, UploadState::Expired);
    assert_eq!(state(created).await, UploadState::Open);
    assert!(db.database.leftovers(creating, fixture.now()).await.unwrap().is_some());
}

async fn an_orphaned_lease_is_released_and_fenced(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let upload = fixture.upload(fixture.report().await).await;
    let (alive, dead) = (fixture.node("a").await, fixture.node("b").await);
    let held = fixture.upload(fixture.report().await).await;
    db.database.acquire_lease(held, 0, alive).await.unwrap().unwrap();
    db.database.mark_node_dead(dead, fixture.now()).await.unwrap();
    let fence = db.database.acquire_lease(upload, 0, dead).await.unwrap().unwrap();

    assert_eq!(db.database.release_orphaned_leases(fixture.now()).await.unwrap(), 1);

    assert_eq!(db.database.upload(upload).await.unwrap().unwrap().holder, None);
    assert_eq!(db.database.upload(held).await.unwrap().unwrap().holder, Some(alive));
    let late = commit(upload, fence, 0, 10, dead);
    assert_eq!(db.database.commit(&late).await.unwrap(), CommitOutcome::Fenced);
}

async fn a_new_process_in_the_same_folder_marks_the_old_one_dead(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let upload = fixture.upload(fixture.report().await).await;
    let (old, elsewhere) = (fixture.node("a").await, fixture.node("b").await);
    db.database.acquire_lease(upload, 0, old).await.unwrap().unwrap();
    let new = fixture.node("a").await;
    let mut left: Vec<NodeId> =
        db.database.nodes().await.unwrap().into_iter().map(|node| node.id).collect();
    left.sort_unstable();
    let mut expected = vec![elsewhere, new];
    expected.sort_unstable();
    assert_eq!(left, expected);
    assert_eq!(db.database.upload(upload).await.unwrap().unwrap().holder, None);
}

/// The sweep has read the lease before the request released it.
async fn a_sweep_with_a_stale_lease_does_not_end_an_answered_upload(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let node = fixture.node("mine").await;
    let upload = fixture.upload_being_created(fixture.report().await, node).await;
    let fence = db.database.acquire_lease(upload, 0, node).await.unwrap().unwrap();
    let leases = db.database.leases(node, fixture.now()).await.unwrap();
    assert_eq!(leases, [(upload, fence, true)]);
    db.database.release_lease(upload, fence).await.unwrap();
    assert!(!db.database.end_unanswered(upload, fence, node, fixture.now()).await.unwrap());
    assert!(db.database.upload(upload).await.unwrap().unwrap().state.is_alive());
}
