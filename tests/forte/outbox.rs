//! Committed messages are delivered at least once, and in order for each report.

mod scene;

use std::collections::BTreeSet;

use forte_media::database::EventState;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use self::scene::{Scene, depth, dispatcher, dispatcher_polling};
use crate::harness::db::{Db, on_both_databases};
use crate::harness::receiver::{Receiver, Reply};

on_both_databases! {
    delivers_once_after_a_receiver_was_down_for_hours,
    gives_up_after_the_last_attempt_of_the_schedule,
    replays_a_dead_message_with_its_id,
    gives_up_at_once_after_410,
    honours_retry_after,
    retries_after_a_redirect,
    retries_with_the_same_id_after_a_lost_response,
    delivers_messages_about_one_report_in_order,
    a_failing_message_does_not_delay_others,
    a_hanging_receiver_delays_only_its_own_message,
    a_hanging_receiver_does_not_delay_polling,
    two_dispatchers_deliver_each_message_once,
    another_dispatcher_retries_after_one_died,
    an_unreadable_message_does_not_delay_others,
    messages_wait_while_there_is_no_receiver,
    a_denied_address_is_not_called_until_it_is_allowed,
    wakes_up_when_notified_and_stops_on_shutdown,
    starts_no_attempt_after_shutdown,
}

async fn delivers_once_after_a_receiver_was_down_for_hours(db: Db) {
    let mut scene = Scene::set(&db).await;
    scene.receiver.close().await;
    let id = scene.fixture.enqueue().await;
    let enqueued_at = scene.fixture.now();
    while scene.fixture.now().duration_since(enqueued_at) < SignedDuration::from_hours(7) {
        assert_eq!(scene.attempts().await, 1);
        scene.wait_for(id).await;
    }
    scene.receiver.open().await;
    assert_eq!(scene.attempts().await, 1);
    assert_eq!(scene.receiver.ids(), [id]);
    assert_eq!(scene.state(id).await, EventState::Delivered);
    scene.fixture.manual_clock.advance(SignedDuration::from_hours(100));
    assert_eq!(scene.attempts().await, 0);
}

async fn gives_up_after_the_last_attempt_of_the_schedule(db: Db) {
    let scene = Scene::set(&db).await;
    scene.receiver.script((0..10).map(|_| Reply::Body(500, "1C is busy".to_owned())));
    let id = scene.fixture.enqueue().await;
    let mut waits = Vec::new();
    for _ in 0..9 {
        assert_eq!(scene.attempts().await, 1);
        assert_eq!(scene.attempts().await, 0, "it is not due");
        let tried_at = scene.fixture.now();
        scene.wait_for(id).await;
        waits.push(scene.fixture.now().duration_since(tried_at));
    }
    assert_eq!(scene.attempts().await, 1);
    for (wait, hours) in
        waits.iter().zip([0.001_39, 0.083_3, 0.5, 2.0, 5.0, 10.0, 14.0, 20.0, 24.0])
    {
        let ratio = wait.as_secs_f64() / 3600.0 / hours;
        assert!((0.899..1.101).contains(&ratio), "{waits:?}");
    }
    let event = scene.event(id).await;
    assert_eq!((event.state, event.attempts, event.last_status), (EventState::Dead, 10, 500));
    assert_eq!(event.last_error, "500 Internal Server Error: 1C is busy");
    assert_eq!(scene.depth().await, depth(0, None, 1));
}

async fn replays_a_dead_message_with_its_id(db: Db) {
    let scene = Scene::set(&db).await;
    let id = scene.fixture.enqueue().await;
    scene.receiver.script([Reply::Status(410)]);
    scene.attempts().await;
    assert_eq!(scene.state(id).await, EventState::Dead);
    assert!(db.database.replay_event(id, scene.fixture.now()).await.unwrap());
    assert_eq!(scene.attempts().await, 1);
    assert_eq!(scene.receiver.ids(), [id, id]);
    assert_eq!(scene.receiver.deduplicated_ids(), BTreeSet::from([id]));
    assert_eq!(scene.state(id).await, EventState::Delivered);
}

async fn gives_up_at_once_after_410(db: Db) {
    let scene = Scene::set(&db).await;
    let id = scene.fixture.enqueue().await;
    scene.receiver.script([Reply::Body(410, "closed".to_owned())]);
    assert_eq!(scene.attempts().await, 1);
    let event = scene.event(id).await;
    assert_eq!((event.state, event.last_error.as_str()), (EventState::Dead, "410 Gone: closed"));
}

async fn honours_retry_after(db: Db) {
    let scene = Scene::set(&db).await;
    let id = scene.fixture.enqueue().await;
    scene.receiver.script([Reply::RetryAfter(429, "120".to_owned())]);
    scene.attempts().await;
    scene.fixture.manual_clock.advance(SignedDuration::from_secs(119));
    assert_eq!(scene.attempts().await, 0);
    scene.fixture.manual_clock.advance(SignedDuration::from_secs(1));
    assert_eq!(scene.attempts().await, 1);
    assert_eq!(scene.state(id).await, EventState::Delivered);
}

async fn retries_after_a_redirect(db: Db) {
    let scene = Scene::set(&db).await;
    let elsewhere = Receiver::start(&scene.fixture.clock).await;
    let id = scene.fixture.enqueue().await;
    scene.receiver.script([Reply::Redirect(elsewhere.url())]);
    scene.attempts().await;
    let event = scene.event(id).await;
    assert_eq!((event.state, event.last_status), (EventState::Pending, 307));
    assert!(elsewhere.received().is_empty());
}

async fn retries_with_the_same_id_after_a_lost_response(db: Db) {
    let scene = Scene::set(&db).await;
    let id = scene.fixture.enqueue().await;
    scene.receiver.script([Reply::Hang]);
    assert_eq!(scene.impatient().deliver_due().await.unwrap(), 1);
    scene.wait_for(id).await;
    scene.attempts().await;
    assert_eq!(scene.receiver.ids(), [id, id]);
    assert_eq!(scene.receiver.deduplicated_ids(), BTreeSet::from([id]));
}

async fn delivers_messages_about_one_report_in_order(db: Db) {
    let scene = Scene::set(&db).await;
    let ref_key = scene.fixture.report().await;
    let first = scene.fixture.enqueue_about(ref_key).await;
    scene.fixture.manual_clock.advance(SignedDuration::from_secs(1));
    let second = scene.fixture.enqueue_about(ref_key).await;
    let other = scene.fixture.enqueue().await;
    scene.receiver.always(first, Reply::Status(503));
    scene.attempts().await;
    assert_eq!(scene.receiver.deduplicated_ids(), BTreeSet::from([first, other]));

    scene.receiver.always(first, Reply::Status(204));
    scene.wait_for(first).await;
    assert_eq!(scene.attempts().await, 2);
    assert_eq!(scene.receiver.ids()[2..], [first, second]);
}

async fn a_failing_message_does_not_delay_others(db: Db) {
    let scene = Scene::set(&db).await;
    let poison = scene.fixture.enqueue().await;
    scene.receiver.always(poison, Reply::Status(500));
    let mut others = BTreeSet::new();
    for _ in 0..20 {
        others.insert(scene.fixture.enqueue().await);
    }
    assert_eq!(scene.attempts().await, 21);
    for id in others {
        assert_eq!(scene.state(id).await, EventState::Delivered);
    }
    assert_eq!(scene.state(poison).await, EventState::Pending);
}

async fn a_hanging_receiver_delays_only_its_own_message(db: Db) {
    let mut scene = Scene::set(&db).await;
    scene.outbox = scene.impatient();
    let slow = scene.fixture.enqueue().await;
    scene.receiver.always(slow, Reply::Hang);
    let others = async {
        scene.receiver.wait_for_requests(1).await;
        let late = scene.fixture.enqueue().await;
        scene.outbox.wakeup().notify_one();
        scene.receiver.wait_for_requests(2).await;
        assert_eq!(scene.receiver.ids(), [slow, late]);
        assert_eq!(scene.event(slow).await.last_error, "", "the attempt is still running");
    };
    let (attempts, ()) = tokio::join!(scene.attempts(), others);
    assert_eq!(attempts, 2);
}

/// While an attempt is running, expired messages are marked dead and unannounced messages are found.
async fn a_hanging_receiver_does_not_delay_polling(db: Db) {
    let scene = Scene::set(&db).await;
    let often = SignedDuration::from_millis(5);
    let url = scene.receiver.url();
    let outbox = dispatcher_polling(&scene.fixture, Some(&url), &["127.0.0.0/8"], "10m", often);
    let stale = scene.fixture.enqueue().await;
    let soon = scene.fixture.now() + SignedDuration::from_secs(1);
    let later = scene.fixture.now() + SignedDuration::from_hours(1);
    let (soon, later) = (soon.as_microsecond(), later.as_microsecond());
    db.execute(format!("UPDATE outbox SET due_at = {later}, expires_at = {soon}")).await;
    let slow = scene.fixture.enqueue().await;
    scene.receiver.always(slow, Reply::Hang);
    let meanwhile = async {
        scene.receiver.wait_for_requests(1).await;
        scene.fixture.manual_clock.advance(SignedDuration::from_secs(2));
        while scene.state(stale).await == EventState::Pending {
            tokio::task::yield_now().await;
        }
        let unannounced = scene.fixture.enqueue().await;
        scene.receiver.wait_for_requests(2).await;
        assert_eq!(scene.receiver.ids(), [slow, unannounced]);
        assert_eq!(scene.state(stale).await, EventState::Dead);
        assert_eq!(scene.event(slow).await.last_error, "", "the attempt is still running");
    };
    tokio::select! {
        _ = outbox.deliver_due() => unreachable!("the receiver hangs"),
        () = meanwhile => {}
    }
}

async fn two_dispatchers_deliver_each_message_once(db: Db) {
    let scene = Scene::set(&db).await;
    for _ in 0..30 {
        scene.fixture.enqueue().await;
    }
    let another = scene.another();
    let (one, two) = tokio::join!(scene.outbox.deliver_due(), another.deliver_due());
    // The one that loses the race for the last messages may end before the other.
    let rest = scene.attempts().await;
    assert_eq!(one.unwrap() + two.unwrap() + rest, 30);
    assert_eq!(scene.receiver.ids().len(), 30);
    assert_eq!(scene.receiver.deduplicated_ids().len(), 30);
}

async fn another_dispatcher_retries_after_one_died(db: Db) {
    let scene = Scene::set(&db).await;
    let id = scene.fixture.enqueue().await;
    let dying = scene.another();
    scene.receiver.script([Reply::Hang]);
    tokio::select! {
        _ = dying.deliver_due() => unreachable!("the receiver hangs"),
        () = scene.receiver.wait_for_requests(1) => {}
    }
    assert_eq!(scene.attempts().await, 0, "it is leased");
    scene.fixture.manual_clock.advance(SignedDuration::from_secs(50));
    assert_eq!(scene.attempts().await, 1);
    assert_eq!(scene.receiver.deduplicated_ids(), BTreeSet::from([id]));
    assert_eq!(scene.state(id).await, EventState::Delivered);
}

async fn an_unreadable_message_does_not_delay_others(db: Db) {
    let scene = Scene::set(&db).await;
    scene.fixture.enqueue().await;
    db.execute("UPDATE outbox SET id = 'not an id'").await;
    let good = scene.fixture.enqueue().await;
    assert_eq!(scene.attempts().await, 1);
    assert_eq!(scene.receiver.ids(), [good]);
}

async fn messages_wait_while_there_is_no_receiver(db: Db) {
    let scene = Scene::set(&db).await;
    let outbox = dispatcher(&scene.fixture, None, &[]);
    let id = scene.fixture.enqueue().await;
    scene.fixture.manual_clock.advance(SignedDuration::from_hours(200));
    assert_eq!(outbox.deliver_due().await.unwrap(), 0);
    let enqueued_at = scene.fixture.now() - SignedDuration::from_hours(200);
    assert_eq!(scene.depth().await, depth(1, Some(enqueued_at), 0));
    assert_eq!(scene.event(id).await.attempts, 0);
    assert_eq!(scene.attempts().await, 1);
}

async fn a_denied_address_is_not_called_until_it_is_allowed(db: Db) {
    let scene = Scene::set(&db).await;
    let id = scene.fixture.enqueue().await;
    let forbidden =
        dispatcher(&scene.fixture, Some(&scene.receiver.url_by_name()), &["10.0.0.0/8"]);
    forbidden.deliver_due().await.unwrap();
    assert!(scene.receiver.received().is_empty());
    let event = scene.event(id).await;
    assert_eq!((event.state, event.last_status), (EventState::Pending, 0));
    assert!(event.last_error.contains("notify.allow_networks"), "{}", event.last_error);
    scene.wait_for(id).await;
    assert_eq!(scene.attempts().await, 1);
}

async fn wakes_up_when_notified_and_stops_on_shutdown(db: Db) {
    let scene = Scene::set(&db).await;
    let shutdown = CancellationToken::new();
    let notify = async {
        let first = scene.fixture.enqueue().await;
        scene.outbox.wakeup().notify_one();
        scene.receiver.wait_for_requests(1).await;
        let second = scene.fixture.enqueue().await;
        scene.outbox.wakeup().notify_one();
        scene.receiver.wait_for_requests(2).await;
        assert_eq!(scene.receiver.ids(), [first, second]);
        shutdown.cancel();
    };
    tokio::join!(scene.outbox.run(&shutdown), notify);
    assert_eq!(scene.depth().await.pending, 0, "the last outcome was recorded");
}

async fn starts_no_attempt_after_shutdown(db: Db) {
    let scene = Scene::set(&db).await;
    let outbox = scene.impatient();
    let slow = scene.fixture.enqueue().await;
    scene.receiver.always(slow, Reply::Hang);
    let shutdown = CancellationToken::new();
    let stop = async {
        scene.receiver.wait_for_requests(1).await;
        scene.fixture.enqueue().await;
        shutdown.cancel();
        outbox.wakeup().notify_one();
    };
    tokio::join!(outbox.run(&shutdown), stop);
    assert_eq!(scene.receiver.ids(), [slow]);
    assert!(
        scene.event(slow).await.last_error.contains("timed out"),
        "the running attempt was completed"
    );
}
