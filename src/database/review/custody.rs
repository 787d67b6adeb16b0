//! What reviewers do with a report, in the custody of its video.

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::pool::Write;
use crate::database::statement::query;
use crate::database::videos::CustodyEntry;
use crate::database::videos::video::count_view;
use crate::model::{ONE_CUSTODY_ENTRY, RefKey, VideoId};

/// Adds a custody entry with this actor, action and detail to the latest video of a report, if it has one.
pub(super) async fn record(
    write: &mut Write,
    ref_key: RefKey,
    (actor, action, detail): (&str, &'static str, String),
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    let sql = "SELECT s.video_id FROM reports r JOIN submissions s ON s.id = r.latest_submission \
        WHERE r.ref_key = $1";
    let video: Option<VideoId> = query(sql, params![ref_key]).value(&mut *write).await?;
    let Some(video) = video else { return Ok(()) };
    let (id, at, actor) = (context.new_id(), context.now, actor.to_owned());
    let entry = CustodyEntry { id, video, at, actor, action, detail };
    count_view(write, &entry, at - ONE_CUSTODY_ENTRY).await
}
