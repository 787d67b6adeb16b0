//! Random operations on uploads, compared with a model.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::model::{Random, RefKey};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sha2::{Digest as _, Sha256};

use super::{assert_submitted, body, offset};
use crate::harness::clips::GOOD;
use crate::harness::service::{Backend, Options, Service};
use crate::harness::tus;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A body of `length` bytes, complete or cut after them.
    Patch {
        length: usize,
        breaks: bool,
    },
    /// A body with a matching or a wrong checksum.
    Checked {
        length: usize,
        good: bool,
    },
    /// A body for a wrong offset.
    WrongOffset {
        by: usize,
    },
    Terminate,
    /// The process crashes and restarts.
    Crash,
    /// A day without requests.
    Expire,
}

fn step() -> impl Strategy<Value = Step> {
    let length = prop_oneof![0..GOOD.len() / 3, Just(GOOD.len())];
    prop_oneof![
        8 => (length.clone(), any::<bool>())
            .prop_map(|(length, breaks)| Step::Patch { length, breaks }),
        4 => (length, any::<bool>()).prop_map(|(length, good)| Step::Checked { length, good }),
        1 => (1..GOOD.len()).prop_map(|by| Step::WrongOffset { by }),
        1 => Just(Step::Terminate),
        2 => Just(Step::Crash),
        1 => Just(Step::Expire),
    ]
}

/// The expected state.
struct Model {
    service: Option<Service>,
    random: Random,
    report: RefKey,
    path: String,
    offset: usize,
    submitted: usize,
}

impl Model {
    async fn new() -> Self {
        let service = Service::start(Backend::Embedded).await.unwrap();
        let report = service.report().await;
        let path = tus::create(&service, report, GOOD.len()).await;
        let random = Random::seeded(5);
        Self { service: Some(service), random, report, path, offset: 0, submitted: 0 }
    }

    fn service(&self) -> &Service {
        self.service.as_ref().unwrap()
    }

    async fn apply(&mut self, step: Step) {
        match step {
            Step::Patch { length, breaks } => self.patch(length, breaks).await,
            Step::Checked { length, good } => self.checked(length, good).await,
            Step::WrongOffset { by } => self.wrong_offset(by).await,
            Step::Terminate => self.terminate().await,
            Step::Crash => {
                let env = self.service.take().unwrap().crash().await;
                self.service = Some(Service::on(env, "one", Options::default()).await);
            }
            Step::Expire => self.expire().await,
        }
        assert_eq!(offset(self.service(), &self.path).await, self.offset, "after {step:?}");
    }

    async fn patch(&mut self, length: usize, breaks: bool) {
        let end = GOOD.len().min(self.offset + length);
        let body_chunks = body(&self.random, &GOOD[self.offset..end], breaks);
        let response = tus::patch(self.service(), &self.path, self.offset, body_chunks).await;
        // A body that is cut after the last byte is complete.
        let whole = !breaks || end == GOOD.len();
        assert_eq!(response.status(), if whole { 204 } else { 503 });
        self.acknowledged(end).await;
    }

    async fn checked(&mut self, length: usize, good: bool) {
        let end = GOOD.len().min(self.offset + length);
        let mut bytes = GOOD[self.offset..end].to_vec();
        let digest = STANDARD.encode(Sha256::digest(&bytes));
        let damaged = !good && !bytes.is_empty();
        if damaged {
            bytes[0] ^= 0x20;
        }
        let request = tus::request("PATCH", &self.path)
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", self.offset)
            .header("Upload-Checksum", format!("sha256 {digest}"))
            .body(bytes.into())
            .unwrap();
        let response = self.service().send(request).await;
        assert_eq!(response.status(), if damaged { 460 } else { 204 });
        if !damaged {
            self.acknowledged(end).await;
        }
    }

    async fn wrong_offset(&mut self, by: usize) {
        let wrong = (self.offset + by) % GOOD.len();
        if wrong != self.offset {
            let response = tus::patch(self.service(), &self.path, wrong, &GOOD[..1]).await;
            assert_eq!(response.status(), 409);
        }
    }

    async fn terminate(&mut self) {
        let request = tus::request("DELETE", &self.path)
            .header("Authorization", format!("Bearer {}", self.service().driver()))
            .body(Body::empty())
            .unwrap();
        assert_eq!(self.service().send(request).await.status(), 204);
        assert_eq!(tus::head(self.service(), &self.path).await.status(), 410);
        self.create_next().await;
    }

    async fn expire(&mut self) {
        self.service().manual_clock().advance(SignedDuration::from_hours(25));
        assert_eq!(tus::head(self.service(), &self.path).await.status(), 404);
        self.service().app.state.uploads.sweep().await.unwrap();
        assert_eq!(tus::head(self.service(), &self.path).await.status(), 404);
        self.create_next().await;
    }

    async fn acknowledged(&mut self, end: usize) {
        self.offset = end;
        if end == GOOD.len() {
            assert_eq!(offset(self.service(), &self.path).await, end);
            self.submitted += 1;
            self.report = self.service().report().await;
            self.create_next().await;
        }
    }

    async fn create_next(&mut self) {
        self.path = tus::create(self.service(), self.report, GOOD.len()).await;
        self.offset = 0;
    }
}

async fn run_steps(steps: Vec<Step>) {
    let mut model = Model::new().await;
    for step in steps {
        model.apply(step).await;
    }
    assert_submitted(model.service(), model.submitted, GOOD).await;
}

#[test]
fn random_operations_match_the_model() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config { cases: 32, failure_persistence: None, ..Config::default() };
    let sequences = proptest::collection::vec(step(), 1..30);
    let run = |steps| {
        runtime.block_on(run_steps(steps));
        Ok(())
    };
    TestRunner::new(config).run(&sequences, run).unwrap();
}
