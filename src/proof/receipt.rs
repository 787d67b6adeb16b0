//! The receipt of a submission, as canonical JSON (RFC 8785).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::database::FinishedUpload;
use crate::model::{
    Digest, Facts, Finding, PersonId, Place, ReceiptId, RefKey, SubmissionId, TimeSent, Verdict,
    VideoId,
};

/// The version of these fields.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Receipt<'a> {
    format: u32,
    id: ReceiptId,
    /// Null for a film link.
    person_id: Option<PersonId>,
    /// The issuer of the film link; null without one.
    film_link_issuer: Option<&'a str>,
    #[serde(flatten)]
    statement: Statement<'a>,
}

/// What a receipt and the journal state about a submission.
#[derive(Serialize)]
pub(super) struct Statement<'a> {
    pub(super) submission_id: SubmissionId,
    pub(super) report_ref_key: RefKey,
    pub(super) video_id: VideoId,
    pub(super) sha256: Digest,
    pub(super) length: u64,
    pub(super) device: &'a str,
    /// According to the driver's phone.
    pub(super) time_sent: &'a TimeSent,
    /// According to the app.
    pub(super) recorded_at: Option<&'a TimeSent>,
    /// According to the driver's phone.
    pub(super) lat: Option<f64>,
    pub(super) long: Option<f64>,
    pub(super) received_at: Timestamp,
    pub(super) facts: &'a Facts,
    pub(super) notes: &'a [Finding],
    pub(super) verdicts: &'a [Verdict],
}

/// The receipt of an upload that is being finished.
pub fn receipt(finished: &FinishedUpload, verdicts: &[Verdict]) -> String {
    let details = &finished.details;
    let statement = Statement {
        submission_id: finished.submission,
        report_ref_key: details.ref_key,
        video_id: finished.video,
        sha256: finished.sha256,
        length: finished.length.get(),
        device: &finished.device,
        time_sent: &details.time_sent,
        recorded_at: details.recorded_at.as_ref(),
        lat: details.place.map(Place::lat),
        long: details.place.map(Place::long),
        received_at: finished.now,
        facts: &finished.facts,
        notes: &finished.notes,
        verdicts,
    };
    let (id, person_id) = (finished.receipt, finished.owner.id.person());
    let film_link_issuer = finished.film_link.as_ref().map(|sender| sender.issuer.as_str());
    canonical_json(&Receipt { format: FORMAT, id, person_id, film_link_issuer, statement })
}

/// A number that is not finite becomes null.
pub(super) fn canonical_json(value: &impl Serialize) -> String {
    let value = json!(value);
    serde_json_canonicalizer::to_string(&value).unwrap_or_else(|_| value.to_string())
}
