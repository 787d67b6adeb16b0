//! Setup of the tests of push notifications.

use axum::body::Body;
use axum::http::Request;
use forte_media::database::EventRow;
use forte_media::model::{Faults, PersonId, RefKey, SessionId};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::clips::GOOD;
use crate::harness::fcm::FcmServer;
use crate::harness::service::{Backend, Options, Service, TestEnv};
use crate::harness::tus;

/// Makes two tests of each `async fn name(scene: Scene)`, one for each back end.
macro_rules! with_fcm_on_both_backends {
    ($($name:ident,)*) => {$(
        mod $name {
            use crate::harness::service::Backend;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite_and_disk() {
                super::$name(crate::pushes::scene::Scene::new(Backend::Embedded).await.unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgresql_and_s3() {
                if let Some(scene) = crate::pushes::scene::Scene::new(Backend::Shared).await {
                    super::$name(scene).await;
                }
            }
        }
    )*};
}
pub(super) use with_fcm_on_both_backends;

/// A service that sends push notifications to a test server.
pub(super) struct Scene {
    pub(super) fcm: FcmServer,
    pub(super) service: Service,
}

impl Scene {
    pub(super) async fn new(backend: Backend) -> Option<Self> {
        Self::with_settings(backend, &[]).await
    }

    pub(super) async fn with_settings(
        backend: Backend,
        more: &[(&'static str, &str)],
    ) -> Option<Self> {
        let env = TestEnv::prepare(backend).await?;
        let fcm = FcmServer::start(&env.fixture.clock).await;
        let mut settings = fcm.settings();
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let options = Options { settings, faults: Faults::none() };
        Some(Self { fcm, service: Box::pin(Service::on(env, "one", options)).await })
    }

    /// Inserts a session of the person on a device.
    pub(super) async fn signed_in(&self, person: PersonId, fcm: &str) -> SessionId {
        let fixture = &self.service.env.fixture;
        let session = SessionId::mint(&fixture.clock, &fixture.random);
        let now = fixture.now().as_microsecond();
        let sql = format!(
            "INSERT INTO sessions (id, person_id, uuid, fcm, created_at, seen_at, ended_at, end_reason) \
             VALUES ('{session}', {}, 'phone', '{fcm}', {now}, {now}, 0, '')",
            person.0
        );
        self.service.env.db.execute(sql).await;
        session
    }

    pub(super) async fn driver_signed_in(&self) -> SessionId {
        self.signed_in(self.service.env.fixture.driver.id, "canary-device").await
    }

    /// Submits a report of the driver, and rejects it for this reason.
    pub(super) async fn rejected(&self, reason: &str) -> RefKey {
        let service = &self.service;
        // The new messages must have later ids than the earlier ones.
        service.manual_clock().advance(SignedDuration::from_secs(1));
        let report = service.report().await;
        let path = tus::create(service, report, GOOD.len()).await;
        assert_eq!(tus::patch(service, &path, 0, GOOD).await.status(), 204);
        let body = json!({ "decision": "reject", "version": 1, "reason": reason });
        let request = Request::post(format!("/reports/{report}/decision"))
            .header("Authorization", format!("Bearer {}", service.reviewer().await));
        let response = service.send(request.body(Body::from(body.to_string())).unwrap()).await;
        assert_eq!(response.status(), 200);
        report
    }

    /// The newest push message.
    pub(super) async fn newest(&self) -> EventRow {
        let events = self.service.database().events(None, 100).await.unwrap();
        events.into_iter().find(|event| event.kind.starts_with("push.")).unwrap()
    }

    pub(super) async fn deliver(&self) -> usize {
        self.service.deliver().await
    }

    pub(super) async fn remind(&self) -> usize {
        let config = &self.service.app.settings.leasing;
        self.service.app.state.leasing.remind(config, &CancellationToken::new()).await.unwrap()
    }

    /// Sets the deadlines of all reports to `hours` from now.
    pub(super) async fn due_in(&self, hours: i64) {
        let due = (self.service.clock().now() + SignedDuration::from_hours(hours)).as_microsecond();
        self.service.env.db.execute(format!("UPDATE reports SET due_at = {due}")).await;
    }

    /// The messages that FCM received, all valid.
    pub(super) fn messages(&self) -> Vec<Value> {
        assert_eq!(self.fcm.violations(), [""; 0]);
        self.fcm.messages()
    }

    pub(super) fn tokens(&self) -> Vec<String> {
        let messages = self.messages();
        let mut tokens: Vec<_> =
            messages.iter().map(|message| message["token"].as_str().unwrap().to_owned()).collect();
        tokens.sort();
        tokens
    }
}
