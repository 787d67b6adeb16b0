//! What the sample entry of a sound says (ISO 14496-12 §12.2.3, and its older forms in QuickTime).

use crate::inspect::boxes::fields::Fields;
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::moov::codec_string::{Aac, Profile};

/// Fixed fields of the entry in version 0, and in QuickTime's versions 1 and 2 (QuickTime File
/// Format, "Sound sample descriptions").
const FIXED: [usize; 3] = [28, 44, 64];

/// Where version 2 has its rate and channels.
const VERSION_2: usize = 32;

/// The most channels that are told: more is no microphone.
const MAX_CHANNELS: u32 = 64;

/// What is known of a sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sound {
    pub(crate) rate: Option<u32>,
    pub(crate) channels: Option<u32>,
    pub(crate) profile: Option<Profile>,
}

/// Reads an entry, leniently: no video is refused for its sound. The decoder's configuration counts
/// more than the fields, which many writers fill with constants.
pub(crate) fn read(entry: Boxed) -> Sound {
    let (rate, channels) = fields(entry).unwrap_or_default();
    let profile = esds(entry).and_then(Profile::of_sound);
    let aac = match profile {
        Some(Profile::Audio { aac, .. }) => aac,
        _ => None,
    };
    let Aac { rate: own, channels: heard, .. } =
        aac.unwrap_or(Aac { object: 0, rate: None, channels: None });
    let channels = heard.or(channels).filter(|count| (1..=MAX_CHANNELS).contains(count));
    Sound { rate: own.or(rate).filter(|rate| *rate > 0), channels, profile }
}

fn fields(entry: Boxed) -> Option<(Option<u32>, Option<u32>)> {
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
    let rate = whole(f64::from_bits(fields.u64()?));
    Some((rate, fields.u32()))
}

/// A rate that is a number of samples; version 2 writes it as a float.
fn whole(rate: f64) -> Option<u32> {
    let text = format!("{rate:.0}");
    text.parse().ok().filter(|rate| *rate < 10_000_000)
}

/// The `esds` of an entry, which QuickTime wraps into `wave`. How many fields precede it is not
/// always what the version says, so that the first place where boxes fit counts.
fn esds(entry: Boxed<'_>) -> Option<Boxed<'_>> {
    FIXED.iter().find_map(|fixed| {
        let children = entry.children_after(*fixed, true);
        let mut inner = children.flatten().filter_map(|child| match &child.kind.0 {
            b"wave" => child.children_after(0, true).flatten().find(is_esds),
            _ => Some(child).filter(is_esds),
        });
        inner.next()
    })
}

fn is_esds(child: &Boxed) -> bool {
    child.kind.0 == *b"esds"
}
