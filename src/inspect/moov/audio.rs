//! Audio sample entries (ISO 14496-12 §12.2.3, and their older forms in QuickTime).

use super::codec_string;
use crate::inspect::boxes::nesting::AUDIO_ENTRY;
use crate::inspect::boxes::{Fields, Mp4Box};

/// Fixed fields of the entry in version 0, and in QuickTime's versions 1 and 2 (QuickTime File
/// Format, "Sound sample descriptions").
const FIXED: [usize; 3] = [AUDIO_ENTRY, 44, 64];

/// Where version 2 has its rate and channels.
const VERSION_2: usize = 32;

/// More channels than this are not reported.
const MAX_CHANNELS: u32 = 64;

#[derive(Clone, Copy)]
pub(crate) struct Audio {
    /// Samples a second.
    pub(crate) rate: Option<u32>,
    pub(crate) channels: Option<u32>,
}

/// Reads an entry and its codec string, leniently: no video is refused because of its audio. The
/// decoder's configuration counts more than the fields, which many writers fill with constants.
pub(crate) fn read(entry: Mp4Box) -> (Audio, Option<String>) {
    let (rate, channels) = fields(entry).unwrap_or_default();
    let configured = esds(entry).and_then(|esds| codec_string::of_audio(entry.kind, esds));
    let (codec_string, aac) = configured.unzip();
    let aac = aac.flatten();
    let channels = aac.and_then(|aac| aac.channels).or(channels);
    let channels = channels.filter(|count| (1..=MAX_CHANNELS).contains(count));
    let rate = aac.and_then(|aac| aac.rate).or(rate).filter(|rate| *rate > 0);
    (Audio { rate, channels }, codec_string)
}

fn fields(entry: Mp4Box) -> Option<(Option<u32>, Option<u32>)> {
    let mut fields = Fields::new(entry.body);
    fields.skip(8)?;
    let version = fields.u16()?;
    fields.skip(6)?;
    let channels = fields.u16()?;
    fields.skip(6)?;
    let (rate, _fraction) = (fields.u16()?, fields.u16()?);
    if version != 2 {
        return Some((Some(u32::from(rate)), Some(u32::from(channels))));
    }
    let mut fields = Fields::new(entry.body.get(VERSION_2..)?);
    let rate = integer(f64::from_bits(fields.u64()?));
    Some((rate, fields.u32()))
}

/// A rate, which version 2 stores as a float.
fn integer(rate: f64) -> Option<u32> {
    let text = format!("{rate:.0}"); // a cast would saturate
    text.parse().ok().filter(|rate| *rate < 10_000_000)
}

/// The `esds` of an entry, which QuickTime wraps into `wave`. How many fields precede it is not
/// always what the version says, so the first place where boxes fit counts.
fn esds(entry: Mp4Box<'_>) -> Option<Mp4Box<'_>> {
    FIXED.iter().find_map(|fixed| {
        let children = entry.children_after(*fixed, true);
        let mut inner = children.flatten().filter_map(|child| match &child.kind.0 {
            b"wave" => child.children_after(0, true).flatten().find(is_esds),
            _ => Some(child).filter(is_esds),
        });
        inner.next()
    })
}

fn is_esds(child: &Mp4Box) -> bool {
    child.kind == *b"esds"
}
