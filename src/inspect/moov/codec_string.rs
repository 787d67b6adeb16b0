//! Codec, profile and level in the form of RFC 6381: `avc1.640028`, `mp4a.40.2`.

use crate::inspect::boxes::{Fields, FourCc, Mp4Box, length};

/// Tags of the descriptors in `esds` (ISO 14496-1 §7.2.2).
const STREAM_DESCRIPTOR: u8 = 3;
const DECODER_DESCRIPTOR: u8 = 4;
const DECODER_SPECIFIC: u8 = 5;

/// The object types of `MPEG-4` video and audio in `esds` (ISO 14496-1 §7.2.6.6).
const MPEG4_VISUAL: u8 = 0x20;
const MPEG4_AUDIO: u8 = 0x40;

/// The start code before profile and level of `MPEG-4` video (ISO 14496-2 §6.2.2).
const VISUAL_START: [u8; 4] = [0, 0, 1, 0xB0];

/// Audio object types with a second, extended rate: SBR and PS (ISO 14496-3 §1.6.2.1).
const EXTENDED_RATE_OBJECTS: [u32; 2] = [5, 29];

/// Sampling rates by index (ISO 14496-3 §1.6.3.4).
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Channels by configuration (ISO 14496-3 §1.6.3.5).
const CHANNELS: [u32; 8] = [0, 1, 2, 3, 4, 5, 6, 8];

/// The start of an `AudioSpecificConfig` (ISO 14496-3 §1.6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aac {
    object_type: u32,
    pub(crate) rate: Option<u32>,
    pub(crate) channels: Option<u32>,
}

/// The object type of a video track with this `esds`, and the profile and level of `MPEG-4` video.
pub(crate) fn visual(esds: Mp4Box) -> Option<String> {
    let (object_type, specific) = decoder_config(esds)?;
    let level = visual_profile_level(specific).filter(|_| object_type == MPEG4_VISUAL);
    let level = level.map_or_else(String::new, |level| format!(".{level}"));
    Some(format!("{object_type:02X}{level}"))
}

/// The codec string of an audio track with this `esds`, and its decoder configuration if it is AAC.
pub(crate) fn of_audio(codec: FourCc, esds: Mp4Box) -> Option<(String, Option<Aac>)> {
    let (object_type, specific) = decoder_config(esds)?;
    let aac = if object_type == MPEG4_AUDIO { Aac::read(specific) } else { None };
    let profile = aac.map_or_else(String::new, |aac| format!(".{}", aac.object_type));
    Some((format!("{codec}.{object_type:02X}{profile}"), aac))
}

/// Profile space and profile, compatibility flags in reverse bit order, tier and level, constraint
/// bytes without trailing zeros (ISO 14496-15 annex E.3).
pub(crate) fn hevc(config: [u8; 13]) -> String {
    let [_, profile, a, b, c, d, constraints @ .., level] = config;
    let space = match profile >> 6 {
        0 => "",
        1 => "A",
        2 => "B",
        _ => "C",
    };
    let compatible = u32::from_be_bytes([a, b, c, d]).reverse_bits();
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let used = constraints.iter().rposition(|byte| *byte != 0);
    let used = used.map_or(0, |last| last.saturating_add(1));
    let constraints = constraints.iter().take(used).map(|byte| format!(".{byte:X}"));
    let start = format!("{space}{}.{compatible:X}.{tier}{level}", profile & 0x1F);
    [start].into_iter().chain(constraints).collect()
}

/// Profile, level and tier, bit depth (AV1 in ISOBMFF §5).
pub(crate) fn av1(first: u8, second: u8) -> String {
    let (profile, level) = (first >> 5, first & 0x1F);
    let tier = if second & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match (second & 0x40 != 0, second & 0x20 != 0 && profile == 2) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    format!("{profile}.{level:02}{tier}.{depth:02}")
}

/// The object type and the decoder-specific bytes of an `esds`, a full box of nested descriptors.
fn decoder_config(esds: Mp4Box<'_>) -> Option<(u8, &[u8])> {
    let mut fields = Fields::new(esds.body);
    fields.skip(4)?;
    let mut stream = Fields::new(descriptor(&mut fields, STREAM_DESCRIPTOR)?);
    stream.skip(2)?;
    let flags = stream.u8()?;
    if flags & 0x80 != 0 {
        stream.skip(2)?;
    }
    if flags & 0x40 != 0 {
        let address = stream.u8()?;
        stream.skip(usize::from(address))?;
    }
    if flags & 0x20 != 0 {
        stream.skip(2)?;
    }
    let mut config = Fields::new(descriptor(&mut stream, DECODER_DESCRIPTOR)?);
    let object_type = config.u8()?;
    config.skip(12)?;
    Some((object_type, descriptor(&mut config, DECODER_SPECIFIC).unwrap_or_default()))
}

/// The body of the next descriptor, which must have this tag. Its size takes one to four bytes of
/// seven bits each. Some writers store a size that is too large; then the rest of the bytes is the
/// body.
fn descriptor<'a>(fields: &mut Fields<'a>, tag: u8) -> Option<&'a [u8]> {
    if fields.u8()? != tag {
        return None;
    }
    let mut size = 0_usize;
    for _ in 0..4 {
        let byte = fields.u8()?;
        size = size.saturating_mul(128).saturating_add(usize::from(byte & 0x7F));
        if byte & 0x80 == 0 {
            break;
        }
    }
    let rest = fields.rest();
    Some(rest.get(..size).unwrap_or(rest))
}

/// The byte after the start code, `profile_and_level_indication`; `None` without the start code.
fn visual_profile_level(specific: &[u8]) -> Option<u8> {
    let mut fields = Fields::new(specific);
    (fields.array()? == VISUAL_START).then(|| fields.u8())?
}

impl Aac {
    fn read(specific: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(specific);
        let object_type = match bits.take(5)? {
            31 => bits.take(6)?.saturating_add(32),
            object_type => object_type,
        };
        let first = rate(&mut bits);
        let channels = bits.take(4).and_then(|index| CHANNELS.get(usize::try_from(index).ok()?));
        let second =
            if EXTENDED_RATE_OBJECTS.contains(&object_type) { rate(&mut bits) } else { None };
        let channels = channels.copied().filter(|channels| *channels > 0);
        Some(Self { object_type, rate: second.or(first), channels })
    }
}

/// A sampling rate: an index, or the number itself.
fn rate(bits: &mut Bits) -> Option<u32> {
    match bits.take(4)? {
        15 => bits.take(24),
        index => RATES.get(usize::try_from(index).ok()?).copied(),
    }
}

/// A reader of the first 64 bits of some bytes.
struct Bits {
    word: u64,
    left: u32,
}

impl Bits {
    fn new(bytes: &[u8]) -> Self {
        let word = bytes
            .iter()
            .take(8)
            .fold(0, |word: u64, byte| word.saturating_mul(256) | u64::from(*byte));
        let left = u32::try_from(length(bytes).min(8)).unwrap_or(0).saturating_mul(8);
        Self { word, left }
    }

    /// The next `count` bits, at most 24.
    fn take(&mut self, count: u32) -> Option<u32> {
        self.left = self.left.checked_sub(count)?;
        let shifted = self.word.checked_shr(self.left)?;
        let mask = 1_u64.checked_shl(count)?.checked_sub(1)?;
        u32::try_from(shifted & mask).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body of an `esds` with descriptors whose sizes take four bytes, as Apple writes them.
    fn esds(object_type: u8, specific: &[u8]) -> Vec<u8> {
        let wrapped = |tag: u8, body: &[u8]| {
            let size = u8::try_from(body.len()).unwrap();
            [&[tag, 0x80, 0x80, 0x80, size][..], body].concat()
        };
        let config = [&[object_type][..], &[0; 12], &wrapped(DECODER_SPECIFIC, specific)].concat();
        let stream = [&[0, 1, 0x20, 0, 2][..], &wrapped(DECODER_DESCRIPTOR, &config)].concat();
        [&[0; 4][..], &wrapped(STREAM_DESCRIPTOR, &stream)].concat()
    }

    fn audio(object_type: u8, specific: &[u8]) -> (String, Option<Aac>) {
        let body = esds(object_type, specific);
        let size = u32::try_from(body.len().saturating_add(8)).unwrap();
        let bytes = [&size.to_be_bytes()[..], b"esds", &body].concat();
        of_audio(FourCc(*b"mp4a"), Mp4Box::parse(&bytes, 0).unwrap()).unwrap()
    }

    #[test]
    fn audio_codec_strings_come_with_rate_and_channels() {
        let expected = |name: &str, object_type, rate, channels| {
            let (rate, channels) = (Some(rate), Some(channels));
            (name.to_owned(), Some(Aac { object_type, rate, channels }))
        };
        assert_eq!(audio(MPEG4_AUDIO, &[0x12, 0x10]), expected("mp4a.40.2", 2, 44_100, 2));
        // SBR: 24,000 in the core, 48,000 after extension.
        assert_eq!(audio(MPEG4_AUDIO, &[0x2B, 0x11, 0x88]), expected("mp4a.40.5", 5, 48_000, 2));
        // An object type above 31, and a rate without an index.
        let long = [0xF9, 0x5E, 0x02, 0xEE, 0x00, 0x40];
        assert_eq!(audio(MPEG4_AUDIO, &long), expected("mp4a.40.42", 42, 96_000, 2));
        assert_eq!(audio(0x6B, &[]), ("mp4a.6B".to_owned(), None));
    }
}
