//! The event `report.submitted` for the report service.

use jiff::Timestamp;
use serde::Serialize;

use crate::database::{Channel, Details, OutboxMessage};
use crate::inspect::Inspection;
use crate::model::{Digest, EventId, Finding, Length, RefKey, SubmissionId, Verdict, VideoId};

/// The ids and the time of a submission. Generated once, so that a retry writes and sends the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct SubmissionIds {
    pub(super) event: EventId,
    pub(super) submission: SubmissionId,
    pub(super) video: VideoId,
    pub(super) now: Timestamp,
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Timestamp,
    data: ReportSubmitted<'a>,
}

#[derive(Serialize)]
struct ReportSubmitted<'a> {
    report_ref_key: RefKey,
    submission_id: SubmissionId,
    video_id: VideoId,
    sha256: Digest,
    length: Length,
    duration_ms: Option<u64>,
    lat: f64,
    long: f64,
    time_sent: Timestamp,
    received_at: Timestamp,
    verdicts: &'a [Verdict],
    notes: &'a [Finding],
    receipt_url: Option<&'a str>,
}

pub(super) fn report_submitted(
    ids: &SubmissionIds,
    details: &Details,
    inspection: &Inspection,
    verdicts: &[Verdict],
    (sha256, length): (Digest, Length),
) -> OutboxMessage {
    let kind = "report.submitted";
    let data = ReportSubmitted {
        report_ref_key: details.ref_key,
        submission_id: ids.submission,
        video_id: ids.video,
        sha256,
        length,
        duration_ms: inspection.facts.duration_ms,
        lat: details.place.lat(),
        long: details.place.long(),
        time_sent: details.time_sent.at,
        received_at: ids.now,
        verdicts,
        notes: &inspection.notes,
        receipt_url: None,
    };
    let event = Event { kind, timestamp: ids.now, data };
    OutboxMessage {
        id: ids.event,
        channel: Channel::Webhook,
        kind,
        subject: details.ref_key.to_string(),
        body: serde_json::json!(event).to_string(),
        expires_at: None,
    }
}
