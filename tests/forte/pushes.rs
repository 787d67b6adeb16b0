//! Notes to phones: who is told what, and FCM's answers.

use std::net::Ipv4Addr;

use axum::body::Body;
use axum::http::Request;
use forte_media::database::{EnqueueContext, EventRow, EventState, NewReport};
use forte_media::events;
use forte_media::model::{Clock, Faults, Person, PersonId, RefKey, ReportStatus, Role, SessionId};
use forte_media::notify::{Config, Fcm};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::clips::GOOD;
use crate::harness::fcm::{FcmDouble, Told};
use crate::harness::service::{Backend, Options, Service, TestEnv};
use crate::harness::tus;

/// Makes two tests of each `async fn name(stage: Stage)`, on both grounds.
macro_rules! with_fcm_on_both_backends {
    ($($name:ident,)*) => {$(
        mod $name {
            use crate::harness::service::Backend;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite_and_disk() {
                super::$name(super::Stage::set(Backend::Embedded).await.unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgresql_and_s3() {
                if let Some(stage) = super::Stage::set(Backend::Shared).await {
                    super::$name(stage).await;
                }
            }
        }
    )*};
}

with_fcm_on_both_backends! {
    the_driver_who_sent_the_video_is_told_of_the_decision,
    a_device_that_is_gone_is_forgotten,
    a_pause_that_fcm_asks_for_is_kept,
    a_quota_that_is_used_up_stops_every_note,
    a_wrong_address_of_fcm_forgets_no_device,
    no_pause_of_every_note_is_longer_than_an_hour,
    a_token_that_is_not_taken_is_replaced_once,
    a_token_is_fetched_once_for_many_notes,
    who_may_see_a_report_is_reminded_once,
    many_reports_ring_a_phone_once,
    two_nodes_do_not_remind_twice,
    a_session_that_ended_hears_only_that,
}

struct Stage {
    fcm: FcmDouble,
    service: Service,
}

impl Stage {
    async fn set(backend: Backend) -> Option<Self> {
        Self::set_with(backend, &[]).await
    }

    async fn set_with(backend: Backend, more: &[(&'static str, &str)]) -> Option<Self> {
        let env = TestEnv::prepare(backend).await?;
        let fcm = FcmDouble::start(&env.fixture.clock).await;
        let mut settings = fcm.settings();
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let options = Options { settings, faults: Faults::none() };
        Some(Self { fcm, service: Box::pin(Service::on(env, "one", options)).await })
    }

    /// The person is signed in on a device.
    async fn signed_in(&self, person: PersonId, fcm: &str) -> SessionId {
        let fixture = &self.service.env.fixture;
        let session = SessionId::mint(&fixture.clock, &fixture.random);
        let now = fixture.now().as_microsecond();
        let sql = format!(
            "INSERT INTO sessions (id, person_id, uuid, fcm, created_at, seen_at, ended_at, end_reason) \
             VALUES ('{session}', {}, 'phone', '{fcm}', {now}, {now}, 0, '')",
            person.0
        );
        self.service.env.db.change(sql).await;
        session
    }

    async fn driver_signed_in(&self) -> SessionId {
        self.signed_in(self.service.env.fixture.driver.id, "canary-device").await
    }

    /// A report of the driver that was sent and then rejected for this reason.
    async fn rejected(&self, reason: &str) -> RefKey {
        let service = &self.service;
        // The ids of what is told now are later than those before.
        service.manual_clock().advance(SignedDuration::from_secs(1));
        let report = service.report().await;
        let path = tus::create(service, report, GOOD.len()).await;
        assert_eq!(tus::patch(service, &path, 0, GOOD).await.status(), 204);
        let body = json!({ "decision": "reject", "version": 1, "reason": reason });
        let request = Request::post(format!("/reports/{report}/decision"))
            .header("Authorization", format!("Bearer {}", service.reviewer().await));
        let answer = service.send(request.body(Body::from(body.to_string())).unwrap()).await;
        assert_eq!(answer.status(), 200);
        report
    }

    /// The newest message to a phone.
    async fn newest(&self) -> EventRow {
        let events = self.service.database().events(None, 100).await.unwrap();
        events.into_iter().find(|event| event.kind.starts_with("push.")).unwrap()
    }

    async fn deliver(&self) -> usize {
        self.service.deliver().await
    }

    async fn remind(&self) -> usize {
        let config = &self.service.app.settings.leasing;
        self.service.app.leasing.remind(config, &CancellationToken::new()).await.unwrap()
    }

    /// Moves the deadlines of all reports to `hours` from now.
    async fn due_in(&self, hours: i64) {
        let due = (self.service.clock().now() + SignedDuration::from_hours(hours)).as_microsecond();
        self.service.env.db.change(format!("UPDATE reports SET due_at = {due}")).await;
    }

    /// The notes, and that nothing was wrong with them.
    fn notes(&self) -> Vec<Value> {
        assert_eq!(self.fcm.complaints(), [""; 0]);
        self.fcm.notes()
    }

    fn told_tokens(&self) -> Vec<String> {
        let notes = self.notes();
        let mut tokens: Vec<_> =
            notes.iter().map(|note| note["token"].as_str().unwrap().to_owned()).collect();
        tokens.sort();
        tokens
    }
}

async fn the_driver_who_sent_the_video_is_told_of_the_decision(stage: Stage) {
    stage.driver_signed_in().await;
    let reason = "Не видно номера. ".repeat(110).trim().to_owned();
    let report = stage.rejected(&reason).await;
    stage.deliver().await;
    let notes = stage.notes();
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0]["token"], "canary-device");
    assert_eq!(notes[0]["notification"]["title"], "Видео не принято");
    let text = notes[0]["notification"]["body"].as_str().unwrap();
    assert!(text.starts_with("Снимите ещё раз: 123ABC02, отчёт № 0001. Причина: Не видно номера."));
    let data = &notes[0]["data"];
    assert_eq!(data["type"], "report_rejected");
    assert_eq!(data["report_ref_key"], report.to_string());
    assert!(data["reason"].as_str().unwrap().ends_with('…'), "4,096 bytes are the most");
    let row = stage.newest().await;
    assert_eq!((row.state, row.last_status), (EventState::Delivered, 200));
    assert!(!row.body.contains("canary-device"), "the outbox holds no token of a device");
}

async fn a_device_that_is_gone_is_forgotten(stage: Stage) {
    let gone = [
        Told::Error(404, "NOT_FOUND", "UNREGISTERED"),
        Told::Error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
        Told::BadToken,
    ];
    for told in gone {
        stage.driver_signed_in().await;
        stage.rejected("Темно").await;
        stage.fcm.script([told]);
        stage.deliver().await;
        let row = stage.newest().await;
        assert_eq!((row.state, row.attempts), (EventState::Dropped, 1));
        let told = "SELECT COUNT(*) FROM sessions WHERE fcm <> ''";
        assert_eq!(stage.service.env.db.number(told).await, 0);
    }
    // Another device of the same person hears of the next one.
    stage.signed_in(stage.service.env.fixture.driver.id, "another-device").await;
    stage.rejected("Темно").await;
    stage.deliver().await;
    assert_eq!(stage.notes().last().unwrap()["token"], "another-device");
}

async fn a_pause_that_fcm_asks_for_is_kept(stage: Stage) {
    stage.driver_signed_in().await;
    stage.rejected("Темно").await;
    stage.fcm.script([Told::RetryAfter(503, "UNAVAILABLE", "UNAVAILABLE", "120")]);
    stage.deliver().await;
    let row = stage.newest().await;
    assert_eq!((row.state, row.last_status), (EventState::Pending, 503));
    assert_eq!(row.due_at, stage.service.clock().now() + SignedDuration::from_secs(120));
    stage.service.manual_clock().advance(SignedDuration::from_secs(119));
    assert_eq!(stage.deliver().await, 0);
    stage.service.manual_clock().advance(SignedDuration::from_secs(1));
    assert_eq!(stage.deliver().await, 1);
    assert_eq!(stage.newest().await.state, EventState::Delivered);
}

async fn a_quota_that_is_used_up_stops_every_note(stage: Stage) {
    stage.driver_signed_in().await;
    stage.rejected("Темно").await;
    stage.fcm.script([Told::Error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")]);
    stage.deliver().await;
    let due = stage.newest().await.due_at;
    assert_eq!(due, stage.service.clock().now() + SignedDuration::from_mins(1));
    stage.signed_in(stage.service.env.fixture.driver.id, "another-device").await;
    stage.rejected("Мокро").await;
    stage.deliver().await;
    assert_eq!(stage.notes().len(), 1, "nobody is told during the pause");
    stage.service.manual_clock().advance(SignedDuration::from_secs(70));
    stage.deliver().await;
    assert_eq!(
        stage.told_tokens(),
        ["another-device", "canary-device", "canary-device", "canary-device"]
    );
}

/// Google's 404 without FCM's own code is about the project, not about a device.
async fn a_wrong_address_of_fcm_forgets_no_device(stage: Stage) {
    stage.driver_signed_in().await;
    stage.rejected("Темно").await;
    stage.fcm.script([Told::Error(404, "NOT_FOUND", "")]);
    stage.deliver().await;
    let row = stage.newest().await;
    assert_eq!((row.state, row.last_status), (EventState::Pending, 404));
    stage.service.manual_clock().set(row.due_at);
    stage.deliver().await;
    assert_eq!(stage.newest().await.state, EventState::Delivered);
    assert_eq!(stage.told_tokens(), ["canary-device", "canary-device"]);
}

async fn no_pause_of_every_note_is_longer_than_an_hour(stage: Stage) {
    stage.driver_signed_in().await;
    stage.rejected("Темно").await;
    stage.fcm.script([Told::RetryAfter(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "86400000")]);
    stage.deliver().await;
    stage.service.manual_clock().advance(SignedDuration::from_mins(59));
    assert_eq!(stage.deliver().await, 0);
    stage.service.manual_clock().advance(SignedDuration::from_mins(1));
    stage.deliver().await;
    assert_eq!(stage.newest().await.state, EventState::Delivered);
}

async fn a_token_that_is_not_taken_is_replaced_once(stage: Stage) {
    stage.driver_signed_in().await;
    stage.rejected("Темно").await;
    stage.deliver().await;
    stage.fcm.revoke_tokens();
    stage.rejected("Мокро").await;
    stage.deliver().await;
    assert_eq!((stage.fcm.grants(), stage.notes().len()), (2, 2));

    // It is replaced before its end, and while Google is away the note waits.
    stage.service.manual_clock().advance(SignedDuration::from_mins(58));
    stage.fcm.tokens_fail([503]);
    stage.rejected("Грязно").await;
    stage.deliver().await;
    let row = stage.newest().await;
    assert_eq!((row.state, row.last_status), (EventState::Pending, 503));
    assert!(row.last_error.contains("no access token"), "{}", row.last_error);
    stage.service.manual_clock().set(row.due_at);
    stage.deliver().await;
    assert_eq!((stage.fcm.grants(), stage.notes().len()), (3, 3));
}

async fn a_token_is_fetched_once_for_many_notes(stage: Stage) {
    for number in 0..16 {
        let device = format!("device-{number}");
        stage.signed_in(stage.service.env.fixture.driver.id, &device).await;
    }
    stage.rejected("Темно").await;
    stage.deliver().await;
    assert_eq!((stage.fcm.grants(), stage.notes().len()), (1, 16));
}

/// Q37: the director, and the drivers the vehicle is assigned to, or all where nothing is assigned.
async fn who_may_see_a_report_is_reminded_once(stage: Stage) {
    let fixture = &stage.service.env.fixture;
    let company = fixture.driver.company;
    let admin = Person { id: PersonId(701), company, role: Role::Admin };
    let colleague = Person { id: PersonId(702), company, role: Role::Employee };
    let reviewer = Person { id: PersonId(703), company, role: Role::Reviewer };
    for person in [admin, colleague, reviewer] {
        fixture.add_person(person).await;
        stage.signed_in(person.id, &format!("device-{}", person.id.0)).await;
    }
    stage.driver_signed_in().await;
    stage.signed_in(fixture.stranger().await.id, "a-stranger").await;
    stage.service.report().await;
    assert_eq!(stage.remind().await, 0, "there are ten days left");
    stage.due_in(24).await;
    assert_eq!((stage.remind().await, stage.remind().await), (1, 0));
    stage.deliver().await;
    assert_eq!(stage.told_tokens(), ["canary-device", "device-701", "device-702"]);
    assert_eq!(stage.notes()[0]["data"]["type"], "report_due");

    let db = &stage.service.env.db;
    db.tamper("UPDATE people SET ref_key = 'aaaaaaaa-0000-1000-8000-000000000000' WHERE id = 702")
        .await;
    db.tamper(
        "INSERT INTO assignments (ref_key, company_id, vehicle_guid, person_ref, mobile_digits, \
         version, deleted) SELECT 'bbbbbbbb-0000-1000-8000-000000000000', 20, vehicle_guid, \
         'aaaaaaaa-0000-1000-8000-000000000000', '', 1, 0 FROM reports",
    )
    .await;
    db.tamper("UPDATE reports SET reminded_at = 0").await;
    assert_eq!(stage.remind().await, 1);
    stage.deliver().await;
    let tokens = stage.told_tokens();
    let twice: Vec<&String> =
        tokens.iter().filter(|one| tokens.iter().filter(|it| it == one).count() == 2).collect();
    assert_eq!(twice, ["device-701", "device-701", "device-702", "device-702"]);
}

/// Q37: whoever sees a report in the lists is told of it, by the same setting.
#[tokio::test]
async fn all_drivers_are_told_where_all_see_all() {
    let see_all = [("LEASING__EMPLOYEES_SEE", "all")];
    let stage = Box::pin(Stage::set_with(Backend::Embedded, &see_all)).await.unwrap();
    stage.driver_signed_in().await;
    let report = stage.service.report().await;
    let database = stage.service.database();
    let vehicle = database.report(report).await.unwrap().unwrap().vehicle;
    stage.service.env.fixture.assign(vehicle, None, "+7 702 999 99 99").await;
    stage.due_in(24).await;
    assert_eq!(stage.remind().await, 1);
    stage.deliver().await;
    assert_eq!(stage.told_tokens(), ["canary-device"]);
}

/// Three hundred reports: more than one transaction marks, and one message for each of those.
async fn many_reports_ring_a_phone_once(stage: Stage) {
    stage.driver_signed_in().await;
    let fixture = &stage.service.env.fixture;
    let first = stage.service.report().await;
    let vehicle = stage.service.database().report(first).await.unwrap().unwrap().vehicle;
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
            status: ReportStatus::Submit,
            reject_reason: String::new(),
        })
        .collect();
    stage.service.database().add_reports(&reports).await.unwrap();
    stage.due_in(1).await;
    assert_eq!(stage.remind().await, 300);
    stage.deliver().await;
    let texts: Vec<Value> =
        stage.notes().iter().map(|note| note["notification"]["body"].clone()).collect();
    assert_eq!(texts, ["Подходит срок отчётов: 200.", "Подходит срок отчётов: 100."]);
}

async fn two_nodes_do_not_remind_twice(stage: Stage) {
    stage.driver_signed_in().await;
    for _ in 0..20 {
        stage.service.report().await;
    }
    stage.due_in(3).await;
    let fixture = &stage.service.env.fixture;
    let context = EnqueueContext::new(&fixture.clock, &fixture.random, events::message);
    let until = fixture.now() + SignedDuration::from_hours(24);
    let other = stage.service.env.db.opened_again().await;
    let one = stage.service.database();
    let rounds = (0..5).map(|_| one.remind(until, 3, &context));
    let rounds = futures_util::future::join_all(rounds);
    let others = futures_util::future::join_all((0..5).map(|_| other.remind(until, 3, &context)));
    let (some, more) = tokio::join!(rounds, others);
    let marked: usize = some.into_iter().chain(more).map(Result::unwrap).sum();
    let rest = stage.remind().await;
    assert_eq!(marked + rest, 20);
    stage.deliver().await;
    let told: u64 = stage
        .notes()
        .iter()
        .map(|note| note["data"]["reports"].as_str().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(told, 20);
}

async fn a_session_that_ended_hears_only_that(stage: Stage) {
    let session = stage.driver_signed_in().await;
    let report = stage.rejected("Темно").await;
    let db = &stage.service.env.db;
    db.tamper("UPDATE sessions SET ended_at = 1").await;
    stage.deliver().await;
    assert_eq!(stage.newest().await.state, EventState::Dropped);
    let revoked = format!(
        "UPDATE outbox SET kind = 'push.session_revoked', state = 'pending', body = \
         '{{\"session_id\":\"{session}\",\"report_ref_key\":\"\",\"reason\":\"token_reused\"}}' \
         WHERE channel = 'push'"
    );
    db.change(revoked.clone()).await;
    stage.deliver().await;
    let notes = stage.notes();
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0]["data"], json!({ "type": "session_revoked", "reason": "token_reused" }));

    // Somebody has signed in on the device again: there is nothing to say.
    stage.driver_signed_in().await;
    db.change(revoked).await;
    stage.deliver().await;
    assert_eq!(stage.notes().len(), 1);
    assert!(stage.service.database().report(report).await.unwrap().is_some());
}

/// S63
#[tokio::test]
async fn fcm_is_told_by_https_or_where_it_is_allowed_and_nowhere_else() {
    let (clock, _) = Clock::manual("2026-05-13T05:00:00Z".parse().unwrap());
    let double = FcmDouble::start(&clock).await;
    let made = |endpoint: &str, allow: &[&str]| {
        let config: Config = serde_json::from_value(json!({
            "allow_networks": allow,
            "webhook": { "timeout": "1s", "max_answer": 1 },
            "fcm": {
                "service_account_file": double.account(), "endpoint": endpoint, "timeout": "1s",
            },
        }))
        .unwrap();
        Fcm::from_config(&config, clock.clone()).map(|_| ()).map_err(|error| error.to_string())
    };
    let loopback = Ipv4Addr::LOCALHOST.to_string();
    assert!(made(&double.endpoint(), &[&loopback]).is_ok());
    for endpoint in ["http://fcm.googleapis.com", "https://169.254.169.254", "https://127.0.0.1"] {
        let refused = made(endpoint, &[]).unwrap_err();
        assert!(refused.contains("notify.fcm.endpoint"), "{refused}");
    }
    // The file's own address for tokens is looked at as well.
    let refused = made("https://fcm.googleapis.com", &[]).unwrap_err();
    assert!(refused.contains("token_uri"), "{refused}");
    std::fs::write(double.folder().join("account.json"), "{}").unwrap();
    let refused = made("https://fcm.googleapis.com", &[]).unwrap_err();
    assert!(refused.contains("not the JSON of a service account"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_fcm_a_note_leaves_a_line_in_the_log_and_nothing_else() {
    let service = Service::embedded().await;
    let stage = Stage { fcm: FcmDouble::start(service.clock()).await, service };
    stage.driver_signed_in().await;
    stage.rejected("Темно").await;
    stage.deliver().await;
    assert_eq!(stage.newest().await.state, EventState::Delivered);
    assert!(stage.notes().is_empty());
}
