//! Checks 26 and 27: what the samples of a track are made of, and where they are kept.

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::Fields;
use crate::inspect::boxes::kind::Kind;
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::content::Notepad;
use crate::inspect::moov::audio::{self, Sound};
use crate::inspect::moov::codec_config;
use crate::inspect::moov::codec_string::Profile;

/// Fixed fields of a picture's sample entry (ISO 14496-12 §12.1.3).
pub(crate) const VISUAL_ENTRY: usize = 78;

/// The handler of pictures.
pub(crate) const VIDEO: Kind = Kind(*b"vide");

/// The handler of sound.
pub(crate) const SOUND: Kind = Kind(*b"soun");

/// The first sample description of a track.
#[derive(Clone, Copy)]
pub(crate) struct Description {
    /// The codec.
    pub(crate) kind: Kind,
    pub(crate) at: u64,
    /// Of the encoded picture, in pixels; zero for other tracks.
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// Of the picture.
    pub(crate) profile: Option<Profile>,
    /// How many bytes the length of each unit takes, where samples are chains of units and all
    /// are described alike.
    pub(crate) prefix: Option<u8>,
    pub(crate) sound: Option<Sound>,
}

impl Description {
    fn plain(entry: Boxed) -> Self {
        let Boxed { kind, at, .. } = entry;
        Self { kind, at, width: 0, height: 0, profile: None, prefix: None, sound: None }
    }

    /// Codec, profile and level (RFC 6381).
    pub(crate) fn codec_string(&self) -> String {
        let profile = self.profile.or(self.sound.and_then(|sound| sound.profile));
        profile.map_or_else(|| self.kind.to_string(), |profile| profile.named(self.kind))
    }
}

/// Reads `stsd`: how many descriptions there are, and the first of them.
pub(crate) fn read(
    stsd: Boxed,
    handler: Kind,
    notepad: &mut Notepad,
) -> Result<(u32, Option<Description>), Finding> {
    let count = stsd.full()?.fields.u32().ok_or_else(|| stsd.short())?;
    if count != 1 {
        notepad.add(unusual_count(stsd, count));
    }
    let (mut first, mut found) = (None, 0_u32);
    for entry in stsd.children_after(8, true) {
        let entry = entry?;
        encrypted(entry)?;
        first = first.or(Some(entry));
        found = found.saturating_add(1);
    }
    let described = match first {
        Some(entry) if handler == VIDEO => {
            let all = visual(entry, notepad)?;
            Some(Description { prefix: all.prefix.filter(|_| count == 1), ..all })
        }
        Some(entry) => {
            let sound = (handler == SOUND).then(|| audio::read(entry));
            Some(Description { sound, ..Description::plain(entry) })
        }
        None if handler == VIDEO => return Err(no_config(stsd, "sample description")),
        None => None,
    };
    Ok((count.min(found), described)) // a claim alone describes nothing
}

/// Check 26: One description is normal; with more a player may switch in the middle. Only noted.
/// (ISO 14496-12 §8.5.2)
fn unusual_count(stsd: Boxed, count: u32) -> Finding {
    let message = format!("The track at byte {} has {count} sample descriptions.", stsd.at);
    Finding::at(Check::StsdCount, stsd.at, message)
}

/// Check 26: Nothing is encrypted: nobody here has a key. (ISO 23001-7; `drm?` is `FairPlay`)
fn encrypted(entry: Boxed) -> Result<(), Finding> {
    let protected = matches!(&entry.kind.0, b"encv" | b"enca" | b"enct" | b"encs" | b"encm");
    if !protected && !entry.kind.0.starts_with(b"drm") {
        return Ok(());
    }
    let message = "The video is protected by encryption and cannot be shown.";
    Err(Finding::at(Check::Encrypted, entry.at, message))
}

/// Check 26: The entry of a picture has its size, and the configuration of its codec.
/// (ISO 14496-12 §12.1.3)
fn visual(entry: Boxed, notepad: &mut Notepad) -> Result<Description, Finding> {
    let mut fields = Fields::new(entry.body);
    fields.skip(24).ok_or_else(|| entry.short())?;
    let (Some(width), Some(height)) = (fields.u16(), fields.u16()) else {
        return Err(entry.short());
    };
    if entry.body.len() < VISUAL_ENTRY {
        return Err(entry.short());
    }
    if width == 0 || height == 0 {
        let message = format!("The picture at byte {} is {width} by {height} pixels.", entry.at);
        notepad.add(Finding::at(Check::VideoSizeZero, entry.at, message));
    }
    let config = configured(entry)?;
    Ok(Description {
        width,
        height,
        profile: config.and_then(Profile::of_picture),
        prefix: config.and_then(codec_config::prefix),
        ..Description::plain(entry)
    })
}

/// Check 26: The codec's configuration is there and in order. (ISO 14496-15 §5.4.2, §8.4.1)
fn configured(entry: Boxed<'_>) -> Result<Option<Boxed<'_>>, Finding> {
    let Some(wanted) = codec_config::config_kind(entry.kind) else { return Ok(None) };
    let mut config = None;
    for child in entry.children_after(VISUAL_ENTRY, true) {
        let child = child?;
        if child.kind.0 == wanted {
            config = config.or(Some(child));
        }
    }
    let config = config.ok_or_else(|| no_config(entry, &Kind(wanted).to_string()))?;
    codec_config::config(config)?;
    Ok(Some(config))
}

fn no_config(found: Boxed, what: &str) -> Finding {
    let message = format!(
        "The picture cannot be decoded: '{}' at byte {} has no {what}.",
        found.kind, found.at
    );
    Finding::at(Check::CodecConfigMissing, found.at, message)
}

/// Check 27: The media is in this file: an entry of `dref` that says otherwise names a file or an
/// address that nobody here has, or should open. (ISO 14496-12 §8.7.2, flag 1)
pub(crate) fn external(minf: Boxed) -> Result<(), Finding> {
    let Some(dinf) = minf.at_most_one(*b"dinf")? else { return Ok(()) };
    let Some(dref) = dinf.at_most_one(*b"dref")? else { return Ok(()) };
    for entry in dref.children_after(8, true) {
        let entry = entry?;
        if entry.full()?.flags & 1 == 0 {
            let message = format!("Sound or picture is kept in another file (byte {}).", entry.at);
            return Err(Finding::at(Check::ExternalData, entry.at, message));
        }
    }
    Ok(())
}
