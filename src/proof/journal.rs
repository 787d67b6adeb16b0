//! The journal: one object in the store for each batch of submissions, from which a lost database can be
//! recovered.
//!
//! Each line is canonical JSON. The first one is about the batch, each further one is a submission.
//! Readers ignore unknown keys.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::database::{JournalRow, PlannedBatch, StoredSubmission};
use crate::model::{CompanyId, FilmSender, PersonId, Place, SubmissionId, UploadId, VehicleGuid};
use crate::storage::JournalKey;

use super::receipt::{Statement, canonical_json};

/// The version of the lines.
const FORMAT: u32 = 1;

/// The first line.
#[derive(Serialize)]
struct Header<'a> {
    format: u32,
    /// For each node of 1C, the highest number of a message that was received from it.
    received_no: &'a BTreeMap<String, i64>,
    /// The number of leaves in the transparency log.
    log_size: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    turn: i64,
    upload_id: UploadId,
    vehicle_guid: VehicleGuid,
    company: Company<'a>,
    /// Null if the video came through a film link.
    person: Option<Person<'a>>,
    film_link: Option<&'a FilmSender>,
    filename: &'a str,
    #[serde(flatten)]
    statement: Statement<'a>,
    /// The canonical JSON itself, because the leaf commits to its bytes.
    receipt: &'a str,
    salt: &'a str,
}

#[derive(Serialize)]
struct Company<'a> {
    id: CompanyId,
    biin: &'a str,
}

#[derive(Serialize)]
struct Person<'a> {
    id: PersonId,
    ref_key: &'a str,
    mobile: &'a str,
}

/// What identifies a line.
#[derive(Deserialize)]
struct LineId {
    turn: i64,
    submission_id: SubmissionId,
}

/// The name of a batch; `None` if it is empty.
pub(super) fn key_of(batch: &PlannedBatch) -> Option<JournalKey> {
    let (first, last) = (batch.rows.first()?, batch.rows.last()?);
    Some(JournalKey { first: first.turn, last: last.turn })
}

pub(super) fn lines_of(batch: &PlannedBatch) -> Bytes {
    let header = Header { format: FORMAT, received_no: &batch.received, log_size: 0 };
    let mut text = canonical_json(&header);
    for row in &batch.rows {
        text.push('\n');
        text.push_str(&canonical_json(&line(row)));
    }
    text.push('\n');
    text.into()
}

fn line(row: &JournalRow) -> Line<'_> {
    Line {
        turn: row.turn,
        upload_id: row.stored.upload,
        vehicle_guid: row.vehicle,
        company: Company { id: row.company, biin: &row.biin },
        person: row.person.person().map(|id| Person {
            id,
            ref_key: &row.person_ref,
            mobile: &row.mobile,
        }),
        film_link: row.stored.film_link.as_ref(),
        filename: &row.filename,
        statement: statement(&row.stored, &row.device),
        receipt: &row.receipt,
        salt: &row.salt,
    }
}

fn statement<'a>(stored: &'a StoredSubmission, device: &'a str) -> Statement<'a> {
    Statement {
        submission_id: stored.id,
        report_ref_key: stored.ref_key,
        video_id: stored.video,
        sha256: stored.sha256,
        length: stored.length.get(),
        device,
        time_sent: &stored.time_sent,
        recorded_at: stored.recorded_at.as_ref(),
        lat: stored.place.map(Place::lat),
        long: stored.place.map(Place::long),
        received_at: stored.received_at,
        facts: &stored.facts,
        notes: &stored.notes,
        verdicts: &stored.verdicts,
    }
}

/// Whether a stored batch gives the same turns to the same submissions. What else a line states, such as
/// a telephone number, may have changed between two attempts to write a batch.
pub(super) fn has_same_turns(stored: &[u8], batch: &PlannedBatch) -> bool {
    let lines = stored.split(|byte| *byte == b'\n').skip(1).filter(|line| !line.is_empty());
    let stored = lines.map(|line| {
        let id: LineId = serde_json::from_slice(line).ok()?;
        Some((id.turn, id.submission_id))
    });
    stored.eq(batch.rows.iter().map(|row| Some((row.turn, row.stored.id))))
}
