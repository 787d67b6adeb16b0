//! The receipt of a submission, as canonical JSON (RFC 8785).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::database::FinishedUpload;
use crate::model::{
    Digest, Facts, Finding, PersonId, ReceiptId, RefKey, SubmissionId, TimeSent, Verdict, VideoId,
};

/// The version of these fields.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Receipt<'a> {
    format: u32,
    id: ReceiptId,
    submission_id: SubmissionId,
    report_ref_key: RefKey,
    video_id: VideoId,
    sha256: Digest,
    length: u64,
    person_id: PersonId,
    device: &'a str,
    /// According to the driver's phone.
    time_sent: &'a TimeSent,
    /// According to the app.
    recorded_at: Option<&'a TimeSent>,
    /// According to the driver's phone.
    lat: f64,
    long: f64,
    received_at: Timestamp,
    facts: &'a Facts,
    notes: &'a [Finding],
    verdicts: &'a [Verdict],
}

/// The receipt of an upload that is being finished.
pub fn receipt(finished: &FinishedUpload, verdicts: &[Verdict]) -> String {
    let details = &finished.details;
    let receipt = Receipt {
        format: FORMAT,
        id: finished.receipt,
        submission_id: finished.submission,
        report_ref_key: details.ref_key,
        video_id: finished.video,
        sha256: finished.sha256,
        length: finished.length.get(),
        person_id: finished.owner.id,
        device: &finished.device,
        time_sent: &details.time_sent,
        recorded_at: details.recorded_at.as_ref(),
        lat: details.place.lat(),
        long: details.place.long(),
        received_at: finished.now,
        facts: &finished.facts,
        notes: &finished.notes,
        verdicts,
    };
    canonical_json(&receipt)
}

/// A number that is not finite becomes null.
pub(super) fn canonical_json(value: &impl Serialize) -> String {
    let value = json!(value);
    serde_json_canonicalizer::to_string(&value).unwrap_or_else(|_| value.to_string())
}
