//! Who is writing on this node: one seat for each upload.
//!
//! The lease in the database keeps nodes apart, the desk keeps requests of one node apart. A newcomer
//! asks the one who sits to let go and waits until the seat is empty.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::model::UploadId;

/// The seats that are taken.
#[derive(Clone, Default)]
pub(super) struct Desk(Arc<Mutex<HashMap<UploadId, Sitter>>>);

struct Sitter {
    let_go: CancellationToken,
    gone: CancellationToken,
    /// Somebody waits already; a third one is sent away.
    awaited: bool,
}

/// The right to work on an upload in this process. Given back when dropped.
pub(super) struct Seat {
    desk: Desk,
    upload: UploadId,
    let_go: CancellationToken,
    waited: bool,
}

impl Desk {
    /// Takes the seat, asking whoever has it to let go; `None` when that took longer than `wait`,
    /// or somebody waits for it already.
    pub(super) async fn enter(&self, upload: UploadId, wait: Duration) -> Option<Seat> {
        let until = Instant::now() + wait;
        let mut waited = false;
        loop {
            let gone = match self.sit_or_ask(upload, waited) {
                Ok(seat) => return Some(seat),
                Err(gone) => gone?,
            };
            waited = true;
            if timeout_at(until, gone.cancelled()).await.is_err() {
                self.stop_waiting(upload);
                return None;
            }
        }
    }

    /// Asks the writer of an upload to let go; `false` when there is none here.
    pub(super) fn ask(&self, upload: UploadId) -> bool {
        let seats = self.seats();
        let sitter = seats.get(&upload);
        sitter.inspect(|sitter| sitter.let_go.cancel()).is_some()
    }

    /// Asks every writer here to let go.
    pub(super) fn ask_all(&self) {
        for sitter in self.seats().values() {
            sitter.let_go.cancel();
        }
    }

    /// Whether somebody works on this upload.
    pub(super) fn is_taken(&self, upload: UploadId) -> bool {
        self.seats().contains_key(&upload)
    }

    /// The seat, or the moment at which it is empty (`None`: somebody waits for it already).
    fn sit_or_ask(
        &self,
        upload: UploadId,
        waited: bool,
    ) -> Result<Seat, Option<CancellationToken>> {
        let mut seats = self.seats();
        if let Some(sitter) = seats.get_mut(&upload) {
            if sitter.awaited && !waited {
                return Err(None);
            }
            sitter.awaited = true;
            sitter.let_go.cancel();
            return Err(Some(sitter.gone.clone()));
        }
        let let_go = CancellationToken::new();
        let sitter =
            Sitter { let_go: let_go.clone(), gone: CancellationToken::new(), awaited: false };
        seats.insert(upload, sitter);
        metrics::gauge!("forte_media_uploads_active").increment(1.0);
        Ok(Seat { desk: self.clone(), upload, let_go, waited })
    }

    fn stop_waiting(&self, upload: UploadId) {
        if let Some(sitter) = self.seats().get_mut(&upload) {
            sitter.awaited = false;
        }
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<UploadId, Sitter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Whether somebody else sat here until now: what was read before is old.
    pub(super) const fn waited(&self) -> bool {
        self.waited
    }

    /// Ends when somebody else wants the seat.
    pub(super) fn let_go(&self) -> &CancellationToken {
        &self.let_go
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        metrics::gauge!("forte_media_uploads_active").decrement(1.0);
        if let Some(sitter) = self.desk.seats().remove(&self.upload) {
            sitter.gone.cancel();
        }
    }
}
