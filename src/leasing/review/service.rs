//! The service handle, and the reviewer of a call.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::Notify;

use crate::database::{Database, DatabaseError, EnqueueContext, ReviewPreferences};
use crate::events;
use crate::leasing::config::Config;
use crate::model::{Clock, CompanyId, DecisionId, Person, Random};

use super::config::ReviewConfig;
use super::filter::Calendar;

/// The review console. Cheap to clone.
#[derive(Clone)]
pub struct Review {
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) config: ReviewConfig,
    pub(super) zone: TimeZone,
    /// Notified when a message has been added to the outbox.
    pub(super) wakeup: Arc<Notify>,
    random: Random,
}

/// A person who reviews, and what they may see.
#[derive(Debug, Clone)]
pub struct Reviewer {
    pub person: Person,
    pub name: String,
    pub preferences: ReviewPreferences,
    /// The only company; `None`: all.
    pub(super) scope: Option<CompanyId>,
}

/// Why the console does not answer.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    #[error("only reviewers may do this")]
    Forbidden,
    /// Or the reviewer may not see it.
    #[error("this report does not exist")]
    NotFound,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Review {
    pub fn new(
        database: Database,
        clock: Clock,
        random: Random,
        config: &Config,
        wakeup: Arc<Notify>,
    ) -> Self {
        let (zone, config) = (config.time_zone.clone(), config.review.clone());
        Self { database, clock, config, zone, wakeup, random }
    }

    /// Refuses everybody but reviewers. Those of the lessor see every company, others their own.
    pub async fn reviewer(&self, person: Person) -> Result<Reviewer, ReviewError> {
        if !person.role.decides() {
            return Err(ReviewError::Forbidden);
        }
        let row = self.database.reviewer(person.id).await?.ok_or(ReviewError::Forbidden)?;
        let undo_for = row.undo_for.unwrap_or(self.config.undo_for);
        let preferences = ReviewPreferences { undo_for, single_keys: row.single_keys };
        let scope = (person.company != CompanyId::LESSOR).then_some(person.company);
        Ok(Reviewer { person, name: row.name, preferences, scope })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The id of a decision that a page will send.
    pub fn new_decision_id(&self) -> DecisionId {
        DecisionId::mint(&self.clock, &self.random)
    }

    /// The largest `limit` of a page of the queue.
    pub const fn max_page(&self) -> u16 {
        self.config.max_page
    }

    /// The business zone.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The current day in the business zone.
    pub fn today(&self) -> Date {
        self.clock.now().to_zoned_datetime(self.zone.clone()).date()
    }

    pub(super) fn calendar(&self) -> Calendar {
        Calendar::at(self.clock.now(), &self.zone)
    }

    pub(super) fn enqueue_context(&self) -> EnqueueContext<'_> {
        EnqueueContext::new(&self.clock, &self.random, events::message)
    }
}

impl Reviewer {
    /// The reviewer in the custody of a video.
    pub fn actor(&self) -> String {
        format!("person:{}", self.person.id.0)
    }
}
