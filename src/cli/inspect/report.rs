//! What is printed of a file.

use std::io::{self, Write};

use serde::Serialize;

use super::tree;
use crate::inspect::outline::Line;
use crate::inspect::{Digests, Inspection};
use crate::model::{Check, Facts, Finding, Refusal};

/// What is known of a file: `interface.md` calls each of these names a promise.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) file: String,
    pub(super) verdict: Verdict,
    pub(super) code: Option<Check>,
    pub(super) message: String,
    pub(super) at: Option<u64>,
    pub(super) path: Option<String>,
    pub(super) judged_after: u64,
    pub(super) notes: Vec<Finding>,
    pub(super) facts: Facts,
    /// The boxes of the file, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) boxes: Option<Vec<Line>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Accepted,
    Refused,
}

impl Report {
    pub(super) fn accepted(file: String, inspection: Inspection, digests: &Digests) -> Self {
        let facts = digests.add_to(inspection.facts);
        Self {
            file,
            verdict: Verdict::Accepted,
            code: None,
            message: format!("The video is in order: {}.", summary(&facts)),
            at: None,
            path: None,
            judged_after: facts.length,
            notes: inspection.notes,
            facts,
            boxes: None,
        }
    }

    pub(super) fn refused(file: String, refusal: Refusal, length: u64) -> Self {
        Self {
            file,
            verdict: Verdict::Refused,
            code: Some(refusal.finding.check),
            message: refusal.finding.message,
            at: refusal.finding.at,
            path: refusal.finding.path,
            judged_after: refusal.judged_after,
            notes: refusal.notes,
            facts: Facts { length, ..Facts::default() },
            boxes: None,
        }
    }

    /// Writes the report for a person.
    pub(super) fn write(&self, data: &mut impl Write) -> io::Result<()> {
        match self.code {
            None => writeln!(data, "{}: accepted", self.file)?,
            Some(code) => writeln!(
                data,
                "{}: refused, {code}{}, after {} of {} bytes",
                self.file,
                place(self.at, self.path.as_deref()),
                self.judged_after,
                self.facts.length
            )?,
        }
        writeln!(data, "  {}", self.message)?;
        for (name, fact) in told(&self.facts) {
            writeln!(data, "  {name:<10} {fact}")?;
        }
        for note in &self.notes {
            let place = place(note.at, note.path.as_deref());
            writeln!(data, "  note {}{place}: {}", note.check, note.message)?;
        }
        tree::write(self, data)
    }

    /// Everything that was found at a position: why it was refused, and the notes.
    pub(super) fn marks(&self) -> impl Iterator<Item = (u64, Check)> {
        let refused = self.at.zip(self.code);
        let notes = self.notes.iter().filter_map(|note| Some((note.at?, note.check)));
        refused.into_iter().chain(notes)
    }
}

/// The facts a person asks for first.
fn summary(facts: &Facts) -> String {
    let unknown = || "?".to_owned();
    let number = |number: Option<u32>| number.map_or_else(unknown, |number| number.to_string());
    let seconds = facts.duration_ms.map_or_else(unknown, |all| {
        let (seconds, millis) = (all / 1000, all % 1000);
        format!("{seconds}.{millis:03}")
    });
    format!(
        "{seconds} s, {} by {} pixels, picture {}, sound {}",
        number(facts.width),
        number(facts.height),
        facts.video_codec.as_deref().unwrap_or("?"),
        facts.audio_codec.as_deref().unwrap_or("none"),
    )
}

/// The other facts, as far as they are known.
fn told(facts: &Facts) -> impl Iterator<Item = (&'static str, String)> {
    let turned = facts.rotation.filter(|degrees| *degrees > 0);
    let place = facts.location.map(|place| format!("{} north, {} east", place.lat, place.long));
    let all = [
        ("picture", facts.video_codec_string.clone()),
        ("rotation", turned.map(|degrees| format!("{degrees} degrees"))),
        ("frames", facts.frame_rate.map(|rate| format!("{rate:.2} a second"))),
        ("sound", sound(facts)),
        ("brands", Some(facts.brands.join(", ")).filter(|brands| !brands.is_empty())),
        ("layout", facts.moov_first.map(|first| layout(facts, first))),
        ("made", facts.created_at.map(|moment| moment.to_string())),
        ("place", place),
        ("device", facts.device.clone()),
        ("C2PA", facts.c2pa.filter(|there| *there).map(|_| "there, not verified".to_owned())),
        ("SHA-256", facts.sha256.map(|digest| digest.to_string())),
        ("of media", facts.media_sha256.map(|digest| digest.to_string())),
    ];
    all.into_iter().filter_map(|(name, fact)| Some((name, fact?)))
}

fn sound(facts: &Facts) -> Option<String> {
    let codec = facts.audio_codec_string.as_deref().or(facts.audio_codec.as_deref())?;
    let rate = facts.sample_rate.map(|rate| format!(", {rate} Hz"));
    let channels = facts.channels.map(|channels| format!(", {channels} channels"));
    Some([Some(codec.to_owned()), rate, channels].into_iter().flatten().collect())
}

fn layout(facts: &Facts, moov_first: bool) -> String {
    let place = if moov_first { "before" } else { "after" };
    let fragments = if facts.fragmented == Some(true) { ", in fragments" } else { "" };
    let length = facts.moov_length.unwrap_or_default();
    format!("moov of {length} bytes {place} the media{fragments}")
}

/// Where it is, as far as that is known.
fn place(position: Option<u64>, path: Option<&str>) -> String {
    let position = position.map(|position| format!(" at byte {position}"));
    let path = path.map(|path| format!(" ({path})"));
    [position, path].into_iter().flatten().collect()
}
