//! Records what the clients of a storm observe.

use std::sync::{Mutex, MutexGuard, PoisonError};

use forte_media::model::RefKey;
use tokio::time::Instant;

use super::history::{Delivery, Observation, Step};
use super::schedule::At;
use super::video::Video;

pub(super) struct Recorder {
    pub(super) started: Instant,
    deliveries: Mutex<Vec<Delivery>>,
}

/// The place of a delivery in the record.
#[derive(Clone, Copy)]
pub(super) struct Number(usize);

impl Recorder {
    pub(super) fn start() -> Self {
        Self { started: Instant::now(), deliveries: Mutex::default() }
    }

    pub(super) fn now(&self) -> At {
        self.started.elapsed()
    }

    pub(super) fn begin(&self, report: RefKey, video: &Video) -> Number {
        let mut deliveries = self.deliveries();
        deliveries.push(Delivery {
            report: report.to_string(),
            sha256: video.sha256.clone(),
            length: video.bytes.len() as u64,
            steps: Vec::new(),
        });
        Number(deliveries.len() - 1)
    }

    pub(super) fn record(&self, Number(delivery): Number, what: Observation) {
        let at = self.now();
        self.deliveries()[delivery].steps.push(Step { at, what });
    }

    pub(super) fn finish(self) -> Vec<Delivery> {
        self.deliveries.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliveries(&self) -> MutexGuard<'_, Vec<Delivery>> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
