//! Who receives a push notification.

use forte_media::database::{EnqueueContext, EventState};
use forte_media::events;
use forte_media::model::{Person, PersonId, RefKey, ReportStatus, Role};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::scene::{Scene, with_fcm_on_both_backends};
use crate::harness::rows::{NewReport, Rows};
use crate::harness::service::Backend;

with_fcm_on_both_backends! {
    reminds_everyone_who_sees_a_report_once,
    groups_many_reports_in_one_notification,
    two_nodes_do_not_remind_twice,
    an_ended_session_is_notified_only_of_its_end,
    the_end_of_a_session_is_not_sent_after_its_push_token_is_deleted,
}

/// Q37: the director, and the drivers the vehicle is assigned to, or all where nothing is assigned.
async fn reminds_everyone_who_sees_a_report_once(scene: Scene) {
    let fixture = &scene.service.env.fixture;
    let company = fixture.driver.company;
    let admin = Person { id: PersonId(701), company, role: Role::Admin };
    let colleague = Person { id: PersonId(702), company, role: Role::Employee };
    let reviewer = Person { id: PersonId(703), company, role: Role::Reviewer };
    for person in [admin, colleague, reviewer] {
        fixture.add_person(person).await;
        scene.signed_in(person.id, &format!("device-{}", person.id.0)).await;
    }
    scene.driver_signed_in().await;
    scene.signed_in(fixture.foreign_driver().await.id, "foreign-device").await;
    scene.service.report().await;
    assert_eq!(scene.remind().await, 0, "there are ten days left");
    scene.due_in(24).await;
    assert_eq!((scene.remind().await, scene.remind().await), (1, 0));
    scene.deliver().await;
    assert_eq!(scene.tokens(), ["canary-device", "device-701", "device-702"]);
    assert_eq!(scene.messages()[0]["data"]["type"], "report_due");

    let db = &scene.service.env.db;
    db.execute("UPDATE people SET ref_key = 'aaaaaaaa-0000-1000-8000-000000000000' WHERE id = 702")
        .await;
    db.execute(
        "INSERT INTO assignments (ref_key, company_id, vehicle_guid, person_ref, mobile_digits, \
         version, deleted) SELECT 'bbbbbbbb-0000-1000-8000-000000000000', 20, vehicle_guid, \
         'aaaaaaaa-0000-1000-8000-000000000000', '', 1, 0 FROM reports",
    )
    .await;
    db.execute("UPDATE reports SET reminded_at = 0").await;
    assert_eq!(scene.remind().await, 1);
    scene.deliver().await;
    let tokens = scene.tokens();
    let twice: Vec<&String> =
        tokens.iter().filter(|one| tokens.iter().filter(|it| it == one).count() == 2).collect();
    assert_eq!(twice, ["device-701", "device-701", "device-702", "device-702"]);
}

/// Q37: the setting that widens the lists widens the recipients.
#[tokio::test]
async fn reminds_all_drivers_when_all_see_all() {
    let see_all = [("LEASING__EMPLOYEES_SEE", "all")];
    let scene = Box::pin(Scene::with_settings(Backend::Embedded, &see_all)).await.unwrap();
    scene.driver_signed_in().await;
    let report = scene.service.report().await;
    let database = scene.service.database();
    let vehicle = database.report(report).await.unwrap().unwrap().vehicle;
    scene.service.env.fixture.assign(vehicle, None, "+7 702 999 99 99").await;
    scene.due_in(24).await;
    assert_eq!(scene.remind().await, 1);
    scene.deliver().await;
    assert_eq!(scene.tokens(), ["canary-device"]);
}

/// Three hundred reports: more than one transaction marks, and one message per transaction.
async fn groups_many_reports_in_one_notification(scene: Scene) {
    scene.driver_signed_in().await;
    let fixture = &scene.service.env.fixture;
    let first = scene.service.report().await;
    let vehicle = scene.service.database().report(first).await.unwrap().unwrap().vehicle;
    let reports: Vec<NewReport> = (0..299)
        .map(|_| NewReport {
            ref_key: RefKey::mint(&fixture.clock, &fixture.random),
            company: fixture.driver.company,
            vehicle,
            report_number: String::new(),
            contract_number: String::new(),
            starts_at: None,
            finishes_at: None,
            due_at: fixture.now(),
            status: ReportStatus::AwaitingVideo,
        })
        .collect();
    scene.service.database().add_reports(&reports).await.unwrap();
    scene.due_in(1).await;
    assert_eq!(scene.remind().await, 300);
    scene.deliver().await;
    let texts: Vec<Value> =
        scene.messages().iter().map(|message| message["notification"]["body"].clone()).collect();
    assert_eq!(texts, ["Скоро срок сдачи отчётов: 200.", "Скоро срок сдачи отчётов: 100."]);
}

async fn two_nodes_do_not_remind_twice(scene: Scene) {
    scene.driver_signed_in().await;
    for _ in 0..20 {
        scene.service.report().await;
    }
    scene.due_in(3).await;
    let fixture = &scene.service.env.fixture;
    let context = EnqueueContext::new(&fixture.clock, &fixture.random, events::message);
    let until = fixture.now() + SignedDuration::from_hours(24);
    let other = scene.service.env.db.open_again().await;
    let one = scene.service.database();
    let rounds = (0..5).map(|_| one.remind(until, 3, &context));
    let rounds = futures_util::future::join_all(rounds);
    let others = futures_util::future::join_all((0..5).map(|_| other.remind(until, 3, &context)));
    let (some, more) = tokio::join!(rounds, others);
    let marked: usize = some.into_iter().chain(more).map(Result::unwrap).sum();
    let rest = scene.remind().await;
    assert_eq!(marked + rest, 20);
    scene.deliver().await;
    let reminded: u64 = scene
        .messages()
        .iter()
        .map(|message| message["data"]["reports"].as_str().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(reminded, 20);
}

async fn an_ended_session_is_notified_only_of_its_end(scene: Scene) {
    let session = scene.driver_signed_in().await;
    let report = scene.rejected("Темно").await;
    let db = &scene.service.env.db;
    db.execute("UPDATE sessions SET ended_at = 1").await;
    scene.deliver().await;
    assert_eq!(scene.newest().await.state, EventState::Dropped);
    let revoked = format!(
        "UPDATE outbox SET kind = 'push.session_revoked', state = 'pending', body = \
         '{{\"session_id\":\"{session}\",\"reason\":\"token_reused\"}}' \
         WHERE channel = 'push'"
    );
    db.execute(revoked.clone()).await;
    scene.deliver().await;
    let messages = scene.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["data"], json!({ "type": "session_revoked", "reason": "token_reused" }));

    // The device is signed in again, so the notification is dropped.
    scene.driver_signed_in().await;
    db.execute(revoked).await;
    scene.deliver().await;
    assert_eq!(scene.messages().len(), 1);
    assert!(scene.service.database().report(report).await.unwrap().is_some());
}

/// The only notification without an end of its own, because nothing else tells the device.
async fn the_end_of_a_session_is_not_sent_after_its_push_token_is_deleted(scene: Scene) {
    let session = scene.driver_signed_in().await;
    scene.rejected("Темно").await;
    let db = &scene.service.env.db;
    let now = scene.service.clock().now().as_microsecond();
    db.execute(format!("UPDATE sessions SET ended_at = {now}")).await;
    db.execute(format!(
        "UPDATE outbox SET kind = 'push.session_revoked', expires_at = 0, body = \
         '{{\"session_id\":\"{session}\",\"reason\":\"logged_out\"}}' WHERE channel = 'push'"
    ))
    .await;
    // No node was running.
    scene.service.manual_clock().advance(SignedDuration::from_hours(49));
    scene.service.app.state.auth.purge_sign_ins().await.unwrap();
    scene.deliver().await;
    assert_eq!(scene.newest().await.state, EventState::Dropped);
    assert_eq!(scene.messages(), [json!(null); 0]);
}
