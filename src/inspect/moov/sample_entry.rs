//! The sample entries of a track: the format of its samples, and the file they are in.

use super::audio::{self, Audio};
use super::codec_config::{self, CodecConfig, NalFormat};
use crate::inspect::boxes::nesting::{VISUAL_ENTRY, codec_config_kind};
use crate::inspect::boxes::{Checked, Fields, FourCc, FullBox, Mp4Box, ensure};
use crate::inspect::context::Context;
use crate::model::{Check, Finding};

/// The handler of video tracks.
pub(crate) const VIDEO: FourCc = FourCc(*b"vide");

/// The handler of audio tracks.
pub(crate) const SOUND: FourCc = FourCc(*b"soun");

/// The first sample entry of a track.
#[derive(Clone)]
pub(crate) struct SampleEntry {
    /// The codec.
    pub(crate) kind: FourCc,
    pub(crate) at: u64,
    /// The size of the encoded picture, in pixels; zero for other tracks.
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// Codec, profile and level (RFC 6381), as far as the profile is known.
    pub(crate) codec_string: String,
    /// How NAL units are delimited in the samples; `None` for other codecs, or if the track has several entries.
    pub(crate) nal_format: Option<NalFormat>,
    pub(crate) audio: Option<Audio>,
}

impl SampleEntry {
    fn new(entry: Mp4Box, codec_string: Option<String>) -> Self {
        let Mp4Box { kind, at, .. } = entry;
        let codec_string = codec_string.unwrap_or_else(|| kind.to_string());
        Self { kind, at, width: 0, height: 0, codec_string, nal_format: None, audio: None }
    }
}

/// Reads `stsd`: how many entries there are, and the first of them.
pub(crate) fn read(
    stsd: Mp4Box,
    handler: FourCc,
    context: &mut Context,
) -> Checked<(u32, Option<SampleEntry>)> {
    let count = stsd.read_full(|mut full| full.fields.u32())?;
    if count != 1 {
        // With more than one a player may switch in the middle. (ISO 14496-12 §8.5.2)
        let what = format!("has {count} sample entries instead of one");
        context.note(stsd.finding(Check::StsdCount, what));
    }
    let (mut first, mut found) = (None, 0_u32);
    for entry in stsd.children_after(8, true) {
        let Some(entry) = unless_spare(entry, context)? else { continue };
        encrypted(entry, handler)?;
        first = first.or(Some(entry));
        found = found.saturating_add(1);
    }
    let described = match first {
        Some(entry) if handler == VIDEO => {
            let visual = visual(entry, context)?;
            let nal_format = visual.nal_format.filter(|_| count == 1);
            Some(SampleEntry { nal_format, ..visual })
        }
        Some(entry) if handler == SOUND => {
            let (audio, codec_string) = audio::read(entry);
            Some(SampleEntry { audio: Some(audio), ..SampleEntry::new(entry, codec_string) })
        }
        Some(entry) => Some(SampleEntry::new(entry, None)),
        None if handler == VIDEO => return Err(missing(stsd, "sample entry")),
        None => None,
    };
    Ok((count.min(found), described)) // the stated count alone proves nothing
}

/// `ENCRYPTED`: The picture is not encrypted, because there is no key. Another track that is gets
/// dropped. (ISO 23001-7; `drm?` is `FairPlay`)
fn encrypted(entry: Mp4Box, handler: FourCc) -> Checked {
    let protected = matches!(&entry.kind.0, b"encv" | b"enca" | b"enct" | b"encs" | b"encm");
    ensure(!protected && !entry.kind.0.starts_with(b"drm"), || {
        let what = if handler == VIDEO { "The video" } else { "A track without pictures" };
        let message =
            format!("{what} is encrypted and cannot be played (sample entry `{}`).", entry.kind);
        Finding::at(Check::Encrypted, entry.at, message)
    })
}

/// Reads the entry of a video track: its size (`VIDEO_SIZE_ZERO`, only a note) and the configuration of
/// its codec. (ISO 14496-12 §12.1.3)
fn visual(entry: Mp4Box, context: &mut Context) -> Checked<SampleEntry> {
    let mut fields = Fields::new(entry.body);
    let size = fields.skip(24).and_then(|()| Some((fields.u16()?, fields.u16()?)));
    let whole = size.filter(|_| entry.body.len() >= VISUAL_ENTRY);
    let (width, height) = whole.ok_or_else(|| entry.too_short())?;
    if width == 0 || height == 0 {
        let what = format!("states a picture of {width} by {height} pixels");
        context.note(entry.finding(Check::VideoSizeZero, what));
    }
    let config = config(entry, context)?;
    let nal_format = config.as_ref().and_then(|config| config.nal_format);
    let profile = config.and_then(|config| config.profile);
    let codec_string = profile.map(|profile| format!("{}.{profile}", entry.kind));
    Ok(SampleEntry { width, height, nal_format, ..SampleEntry::new(entry, codec_string) })
}

/// `CODEC_CONFIG_MISSING` and `CODEC_CONFIG_INVALID`: The configuration of the codec is there and
/// valid. (ISO 14496-15 §5.4.2, §8.4.1)
fn config(entry: Mp4Box, context: &mut Context) -> Checked<Option<CodecConfig>> {
    let Some(kind) = codec_config_kind(entry.kind) else { return Ok(None) };
    let mut config = None;
    for child in entry.children_after(VISUAL_ENTRY, true) {
        let Some(child) = unless_spare(child, context)? else { continue };
        if child.kind == kind {
            config = config.or(Some(child));
        }
    }
    let config = config.ok_or_else(|| missing(entry, &format!("`{}`", FourCc(kind))))?;
    let found = codec_config::read(config)?;
    if config.body.is_empty() {
        let what = "is empty, so the parameter sets must be in the stream";
        context.note(config.finding(Check::CodecConfigInvalid, what));
    }
    Ok(Some(found))
}

/// A child; `None` for spare bytes behind the last one, which are only noted.
fn unless_spare<'a>(
    child: Checked<Mp4Box<'a>>,
    context: &mut Context,
) -> Checked<Option<Mp4Box<'a>>> {
    match child {
        Err(spare) if spare.check == Check::BoxTail => {
            context.note(spare);
            Ok(None)
        }
        child => child.map(Some),
    }
}

fn missing(found: Mp4Box, what: &str) -> Finding {
    let what = format!("has no {what}, so the picture cannot be decoded");
    found.finding(Check::CodecConfigMissing, what)
}

/// `EXTERNAL_DATA`: The media is in this file. An entry of `dref` without flag 1 names another file
/// or a URL, which is not here and must not be opened. Without an address it can only mean this file,
/// which is noted. (ISO 14496-12 §8.7.2)
pub(crate) fn external(minf: Mp4Box, context: &mut Context) -> Checked {
    let Some(dinf) = minf.optional_child(*b"dinf")? else { return Ok(()) };
    let Some(dref) = dinf.optional_child(*b"dref")? else { return Ok(()) };
    for entry in dref.children_after(8, true) {
        let Some(entry) = unless_spare(entry, context)? else { continue };
        let FullBox { flags, fields, .. } = entry.full()?;
        if flags & 1 != 0 {
            continue;
        }
        if fields.rest().iter().any(|byte| *byte != 0) {
            let what = "says that sound or picture is in another file";
            return Err(entry.finding(Check::ExternalData, what));
        }
        let what = "says that sound or picture is elsewhere, but not where";
        context.note(entry.finding(Check::ExternalData, what));
    }
    Ok(())
}
