//! Outbox messages: claimed once and in order; only the lease holder records a result.

use std::collections::BTreeSet;

use forte_media::database::{ClaimedMessage, DeliveryResult, EventState, RetentionCutoffs};
use forte_media::model::{Channel, EventId};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::Fixture;

const LEASE: SignedDuration = SignedDuration::from_secs(60);

fn result(claimed: &ClaimedMessage, state: EventState) -> DeliveryResult {
    DeliveryResult {
        id: claimed.id,
        leased_until: claimed.leased_until,
        state,
        due_at: claimed.leased_until,
        status: 200,
        error: String::new(),
        now: claimed.leased_until,
    }
}

async fn claim(fixture: &Fixture, limit: u32) -> Vec<ClaimedMessage> {
    fixture
        .database
        .claim_events(Channel::Webhook, fixture.now(), fixture.now() + LEASE, limit)
        .await
        .unwrap()
}

async fn claim_all(fixture: &Fixture) -> Vec<EventId> {
    let mut ids = Vec::new();
    loop {
        let batch = claim(fixture, 7).await;
        if batch.is_empty() {
            return ids;
        }
        ids.extend(batch.into_iter().map(|claimed| claimed.id));
    }
}

/// Inserts 400 messages in one statement.
const FILL: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) \
    INSERT INTO outbox (id, kind, subject, seq, body, state, attempts, created_at, due_at, \
    leased_until, last_status, last_error, completed_at) \
    SELECT '00000000-0000-7000-8000-000000000' || CAST(100 + i AS TEXT), 'report.submitted', \
    CAST(i AS TEXT), 1, '{}', 'pending', 0, 1, 1, 0, 0, '', 0 FROM n";

on_both_databases! {
    eight_workers_claim_four_hundred_messages_once_each,
    a_second_message_about_a_report_waits_for_the_first,
    a_result_without_the_lease_is_ignored,
    a_replayed_message_is_due_at_once_with_all_attempts,
    messages_are_listed_by_state_newest_first,
    each_channel_claims_its_own_messages,
    an_expired_message_is_marked_dead_without_an_attempt,
    old_completed_messages_are_purged_in_batches,
}

async fn eight_workers_claim_four_hundred_messages_once_each(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    db.execute(FILL).await;
    let claims = join_all((0..8).map(|_| claim_all(&fixture))).await;
    let all: Vec<EventId> = claims.into_iter().flatten().collect();
    let distinct: BTreeSet<&EventId> = all.iter().collect();
    assert_eq!((all.len(), distinct.len()), (400, 400));
}

async fn a_second_message_about_a_report_waits_for_the_first(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report().await;
    let first = fixture.enqueue_about(ref_key).await;
    // The second comes from a node whose clock is behind (F28).
    fixture.manual_clock.advance(SignedDuration::from_mins(-10));
    let second = fixture.enqueue_about(ref_key).await;
    let other = fixture.enqueue().await;
    fixture.manual_clock.advance(SignedDuration::from_mins(10));

    let ids = |batch: &[ClaimedMessage]| batch.iter().map(|one| one.id).collect::<BTreeSet<_>>();
    let batch = claim(&fixture, 10).await;
    assert_eq!(ids(&batch), BTreeSet::from([first, other]));
    assert!(claim(&fixture, 10).await.is_empty(), "the first is being delivered");
    for one in &batch {
        db.database.record_delivery(&result(one, EventState::Delivered)).await.unwrap();
    }
    assert_eq!(ids(&claim(&fixture, 10).await), BTreeSet::from([second]));
}

async fn a_result_without_the_lease_is_ignored(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let id = fixture.enqueue().await;
    let expired = claim(&fixture, 1).await.remove(0);
    fixture.manual_clock.advance(LEASE);
    let current = claim(&fixture, 1).await.remove(0);
    assert_eq!((expired.attempts, current.attempts), (0, 1));

    db.database.record_delivery(&result(&expired, EventState::Dead)).await.unwrap();
    let event = db.database.event(id).await.unwrap().unwrap();
    assert_eq!((event.state, event.last_status), (EventState::Pending, 0));
    db.database.record_delivery(&result(&current, EventState::Delivered)).await.unwrap();
    let event = db.database.event(id).await.unwrap().unwrap();
    assert_eq!((event.state, event.last_status), (EventState::Delivered, 200));
}

async fn a_replayed_message_is_due_at_once_with_all_attempts(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let id = fixture.enqueue().await;
    let claimed = claim(&fixture, 1).await.remove(0);
    db.database.record_delivery(&result(&claimed, EventState::Dead)).await.unwrap();
    assert!(claim(&fixture, 1).await.is_empty());
    assert!(db.database.replay_event(id, fixture.now()).await.unwrap());
    let again = claim(&fixture, 1).await.remove(0);
    assert_eq!((again.id, again.attempts), (id, 0));
    let unknown = EventId::mint(&fixture.clock, &fixture.random);
    assert!(!db.database.replay_event(unknown, fixture.now()).await.unwrap());
}

async fn messages_are_listed_by_state_newest_first(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let first = fixture.enqueue().await;
    fixture.manual_clock.advance(SignedDuration::from_secs(1));
    let second = fixture.enqueue().await;
    let claimed = claim(&fixture, 1).await.remove(0);
    db.database.record_delivery(&result(&claimed, EventState::Delivered)).await.unwrap();

    let ids = |rows: Vec<forte_media::database::EventRow>| {
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(db.database.events(None, 10).await.unwrap()), [second, first]);
    assert_eq!(ids(db.database.events(None, 1).await.unwrap()), [second]);
    let delivered = db.database.events(Some(EventState::Delivered), 10).await.unwrap();
    assert_eq!(ids(delivered), [claimed.id]);
}

async fn each_channel_claims_its_own_messages(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    fixture.enqueue().await;
    let mail = fixture.enqueue().await;
    let on_mail = "UPDATE outbox SET channel = 'mail' WHERE id = (SELECT MAX(id) FROM outbox)";
    db.execute(on_mail).await;
    let until = fixture.now() + LEASE;
    let claimed = db.database.claim_events(Channel::Mail, fixture.now(), until, 9).await.unwrap();
    assert_eq!(claimed.iter().map(|one| one.id).collect::<Vec<_>>(), [mail]);
    assert_eq!(claimed[0].kind, "report.submitted");
    assert_eq!(claim(&fixture, 9).await.len(), 1, "the other one is for the report service");
    let depths = db.database.outbox_depth().await.unwrap();
    let pending: Vec<u64> = depths.iter().map(|depth| depth.pending).collect();
    assert_eq!(pending, [1, 1, 0]);
}

async fn an_expired_message_is_marked_dead_without_an_attempt(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let id = fixture.enqueue().await;
    db.execute("UPDATE outbox SET expires_at = created_at + 600000000").await;
    fixture.manual_clock.advance(SignedDuration::from_secs(599));
    let fail_expired = || db.database.mark_expired_dead(Channel::Webhook, fixture.now());
    assert_eq!(fail_expired().await.unwrap(), 0);
    fixture.manual_clock.advance(SignedDuration::from_secs(1));
    assert!(claim(&fixture, 9).await.is_empty(), "an expired message is not claimed");
    assert_eq!(fail_expired().await.unwrap(), 1);
    let event = db.database.event(id).await.unwrap().unwrap();
    assert_eq!((event.state, event.attempts), (EventState::Dead, 0));
    assert_eq!(event.last_error, "expired before it could be delivered");
}

async fn old_completed_messages_are_purged_in_batches(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    db.execute(FILL).await;
    for (from, state) in [(101, "delivered"), (111, "dropped"), (121, "dead")] {
        let change = format!(
            "UPDATE outbox SET state = '{state}', completed_at = created_at + seq \
             WHERE CAST(subject AS BIGINT) BETWEEN {from} AND {}",
            from + 9
        );
        db.execute(change).await;
    }
    let at = |micros| Timestamp::from_microsecond(micros).unwrap();
    let purged = async |delivered, dead, limit| {
        let old = RetentionCutoffs { delivered: at(delivered), dead: at(dead), codes: at(0) };
        fixture.database.purge_messages(&old, limit).await.unwrap()
    };
    assert_eq!(purged(2, 2, 100).await, 0);
    assert_eq!(purged(3, 2, 15).await, 15);
    assert_eq!(purged(3, 2, 15).await, 5);
    assert_eq!(purged(3, 3, 15).await, 10);
    assert_eq!(purged(i64::from(u32::MAX), i64::from(u32::MAX), 1000).await, 0);
    assert_eq!(db.number("SELECT COUNT(*) FROM outbox WHERE state = 'pending'").await, 370);
}
