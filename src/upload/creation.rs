//! The limit of open uploads per person: abandoned ones make room for new ones, so that nobody locks
//! himself out.

use jiff::SignedDuration;

use crate::database::NewUpload;
use crate::model::{PersonId, UploadState};

use super::components::Components;
use super::error::UploadError;

/// The window in which abandoned uploads are counted.
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Components {
    /// Creates an upload. At the limit, the person's least recently active upload without a writer ends,
    /// else the one whose writer has brought nothing for a while.
    pub(super) async fn create_within_limit(&self, new: &NewUpload) -> Result<(), UploadError> {
        self.check_abandoned(new).await?;
        let max = self.deps.config.max_open_per_person;
        loop {
            let Some(ended) = self.deps.database.create_upload(new, max).await? else {
                self.release_idle_writer(new.person.id).await?;
                continue;
            };
            for id in ended {
                tracing::info!(upload = %id, "ended in favour of a newer upload of the same person");
                self.cleaner.ended(id, UploadState::Expired);
            }
            return Ok(());
        }
    }

    /// Fails if a person has left too many uploads behind: each leaves a row for some time.
    async fn check_abandoned(&self, new: &NewUpload) -> Result<(), UploadError> {
        let max = self.deps.config.abandoned_per_day;
        let since = new.created_at - DAY;
        let (abandoned, first) = self.deps.database.abandoned_uploads(new.person.id, since).await?;
        if abandoned < max {
            return Ok(());
        }
        Err(UploadError::TooManyAbandoned { max, retry_after: first.duration_since(since) })
    }

    /// Makes a writer release an upload that has received nothing for a while: the one of this node that
    /// has been silent for longest, else one of another node. Fails if every upload of the person is
    /// receiving.
    async fn release_idle_writer(&self, person: PersonId) -> Result<(), UploadError> {
        let config = &self.deps.config;
        let (now, limit) = (self.deps.clock.now(), config.idle_writer);
        let held = self.deps.database.uploads_held_by(self.locks.node, person).await?;
        let idle = held.into_iter().filter_map(|id| Some((self.locks.active_at(id)?, id))).min();
        let idle = idle.map(|(active_at, id)| (now.duration_since(active_at), id));
        let too_many =
            |retry_after| UploadError::TooMany { max: config.max_open_per_person, retry_after };
        match idle {
            Some((time, id)) if time >= limit => {
                let released = self.locks.release_writer(id).await;
                if released { Ok(()) } else { Err(too_many(config.idle_timeout)) }
            }
            _ if self.locks.release_idle_elsewhere(person).await? => Ok(()),
            Some((time, _)) => Err(too_many(limit.saturating_sub(time))),
            None => Err(too_many(limit)),
        }
    }
}
