//! The event for the report service about a stored video.

use crate::database::FinishedUpload;
use crate::events::{ReportSubmitted, report_submitted};
use crate::model::{OutboxMessage, Place, Verdict};

pub(super) fn submitted_message(finished: &FinishedUpload, verdicts: &[Verdict]) -> OutboxMessage {
    let FinishedUpload { details, .. } = finished;
    let submitted = ReportSubmitted {
        report_ref_key: details.ref_key,
        submission_id: finished.submission,
        video_id: finished.video,
        sha256: finished.sha256,
        length: finished.length,
        duration_ms: finished.facts.duration_ms,
        lat: details.place.map(Place::lat),
        long: details.place.map(Place::long),
        time_sent: details.time_sent.at,
        recorded_at: finished.facts.recorded_at(details.declared_recording()),
        received_at: finished.now,
        verdicts,
        notes: &finished.notes,
        film_link: finished.film_link.as_ref(),
        receipt_url: None,
    };
    report_submitted(&submitted, finished.event)
}
