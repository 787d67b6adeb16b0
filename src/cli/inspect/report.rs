//! The report on one file.

use std::io::{self, Write};

use serde::Serialize;

use super::tree;
use crate::inspect::outline::Line;
use crate::inspect::{Digests, Inspection};
use crate::model::texts::Language;
use crate::model::{Check, Facts, Finding, Refusal};

/// The result of an inspection. The field names are the stable format of `inspect --json`.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) file: String,
    pub(super) verdict: Verdict,
    pub(super) code: Option<Check>,
    pub(super) message: String,
    /// What the driver reads about a refusal, in English.
    #[serde(skip)]
    driver_text: Option<String>,
    pub(super) at: Option<u64>,
    pub(super) path: Option<String>,
    pub(super) judged_after: u64,
    pub(super) notes: Vec<Finding>,
    pub(super) facts: Facts,
    /// Present with `--tree`.
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
            message: format!("The video is valid: {}.", summary(&facts)),
            driver_text: None,
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
            driver_text: Some(refusal.finding.driver_text(Language::English)),
            message: refusal.finding.message,
            at: refusal.finding.at,
            path: refusal.finding.path,
            judged_after: refusal.judged_after,
            notes: refusal.notes,
            facts: Facts { length, ..Facts::default() },
            boxes: None,
        }
    }

    /// Writes the report as text.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self.code {
            None => writeln!(out, "{}: accepted", self.file)?,
            Some(code) => writeln!(
                out,
                "{}: refused, {code}{}, after {} of {} bytes",
                self.file,
                position_suffix(self.at, self.path.as_deref()),
                self.judged_after,
                self.facts.length
            )?,
        }
        writeln!(out, "  {}", self.message)?;
        if let Some(text) = &self.driver_text {
            writeln!(out, "  The driver reads: {text}")?;
        }
        for (name, fact) in details(&self.facts) {
            writeln!(out, "  {name:<10} {fact}")?;
        }
        for note in &self.notes {
            let suffix = position_suffix(note.at, note.path.as_deref());
            writeln!(out, "  note {}{suffix}: {}", note.check, note.message)?;
        }
        match &self.boxes {
            Some(boxes) => tree::write(boxes, self.positions(), out),
            None => Ok(()),
        }
    }

    /// The positions of the refusal and of the notes.
    fn positions(&self) -> impl Iterator<Item = (u64, Check)> {
        let refusal = self.at.zip(self.code);
        let notes = self.notes.iter().filter_map(|note| Some((note.at?, note.check)));
        refusal.into_iter().chain(notes)
    }
}

/// The most important facts in one line.
fn summary(facts: &Facts) -> String {
    let unknown = || "?".to_owned();
    let number = |number: Option<u32>| number.map_or_else(unknown, |number| number.to_string());
    let seconds = facts.duration_ms.map_or_else(unknown, |all| {
        let (seconds, millis) = (all / 1000, all % 1000);
        format!("{seconds}.{millis:03}")
    });
    format!(
        "{seconds} s, {} by {} pixels, video {}, audio {}",
        number(facts.width),
        number(facts.height),
        facts.video_codec.as_deref().unwrap_or("?"),
        facts.audio_codec.as_deref().unwrap_or("none"),
    )
}

/// The other known facts, with their labels.
fn details(facts: &Facts) -> impl Iterator<Item = (&'static str, String)> {
    let rotation = facts.rotation.filter(|degrees| *degrees > 0);
    let location = facts.location.map(|it| format!("{} north, {} east", it.lat, it.long));
    let all = [
        ("video", facts.video_codec_string.clone()),
        ("rotation", rotation.map(|degrees| format!("{degrees} degrees"))),
        ("frame rate", facts.frame_rate.map(|rate| format!("{rate:.2} frames/s"))),
        ("audio", audio(facts)),
        ("brands", Some(facts.brands.join(", ")).filter(|brands| !brands.is_empty())),
        ("layout", facts.moov_first.map(|first| layout(facts, first))),
        ("created", facts.created_at.map(|time| time.to_string())),
        ("location", location),
        ("device", facts.device.clone()),
        ("C2PA", facts.c2pa.filter(|found| *found).map(|_| "found, not verified".to_owned())),
        ("SHA-256", facts.sha256.map(|digest| digest.to_string())),
        ("media hash", facts.media_sha256.map(|digest| digest.to_string())),
    ];
    all.into_iter().filter_map(|(name, fact)| Some((name, fact?)))
}

fn audio(facts: &Facts) -> Option<String> {
    let codec = facts.audio_codec_string.as_deref().or(facts.audio_codec.as_deref())?;
    let rate = facts.sample_rate.map(|rate| format!(", {rate} Hz"));
    let channels = facts.channels.map(|channels| {
        if channels == 1 { ", mono".to_owned() } else { format!(", {channels} channels") }
    });
    Some([Some(codec.to_owned()), rate, channels].into_iter().flatten().collect())
}

fn layout(facts: &Facts, moov_first: bool) -> String {
    let place = if moov_first { "before" } else { "after" };
    let fragments = if facts.fragmented == Some(true) { ", fragmented" } else { "" };
    let length = facts.moov_length.unwrap_or_default();
    format!("moov ({length} bytes) {place} the media{fragments}")
}

fn position_suffix(position: Option<u64>, path: Option<&str>) -> String {
    let position = position.map(|position| format!(" at byte {position}"));
    let path = path.map(|path| format!(" ({path})"));
    [position, path].into_iter().flatten().collect()
}
