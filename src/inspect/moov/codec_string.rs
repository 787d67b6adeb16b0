//! Codec, profile and level as browsers ask for them (RFC 6381): `avc1.640028`, `mp4a.40.2`.

use std::fmt;

use crate::inspect::boxes::fields::{Fields, length};
use crate::inspect::boxes::kind::Kind;
use crate::inspect::boxes::mp4_box::Boxed;

/// Tags of the descriptors in `esds` (ISO 14496-1 §7.2.2).
const STREAM: u8 = 3;
const DECODER: u8 = 4;
const SPECIFIC: u8 = 5;

/// `MPEG-4` picture and sound among the objects of `esds` (ISO 14496-1 §7.2.6.6).
const MPEG4_VISUAL: u8 = 0x20;
const MPEG4_AUDIO: u8 = 0x40;

/// What begins the profile and level of `MPEG-4` pictures (ISO 14496-2 §6.2.2).
const VISUAL_START: [u8; 4] = [0, 0, 1, 0xB0];

/// Sound objects that name a second rate: SBR and PS (ISO 14496-3 §1.6.2.1).
const TWO_RATES: [u32; 2] = [5, 29];

/// Samples a second by index (ISO 14496-3 §1.6.3.4).
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Channels by configuration (ISO 14496-3 §1.6.3.5).
const CHANNELS: [u32; 8] = [0, 1, 2, 3, 4, 5, 6, 8];

/// What a configuration says beyond the codec's four characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Profile, constraints, level.
    Avc([u8; 3]),
    /// The first 13 bytes of `hvcC`.
    Hevc([u8; 13]),
    /// The second and third byte of `av1C`.
    Av1([u8; 2]),
    /// Profile, level, depth and more.
    Vp9([u8; 3]),
    /// Object of `esds`, and profile and level of a picture.
    Visual { object: u8, level: Option<u8> },
    /// Object of `esds`, and what its sound says of itself.
    Audio { object: u8, aac: Option<Aac> },
}

/// The start of an `AudioSpecificConfig` (ISO 14496-3 §1.6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aac {
    pub(crate) object: u32,
    pub(crate) rate: Option<u32>,
    pub(crate) channels: Option<u32>,
}

impl Profile {
    /// Reads the box that configures a picture, which is in order already.
    pub(crate) fn of_picture(config: Boxed) -> Option<Self> {
        let mut fields = Fields::new(config.body);
        match &config.kind.0 {
            b"avcC" => fields.array::<4>().map(|[_, a, b, c]| Self::Avc([a, b, c])),
            b"hvcC" => fields.array().map(Self::Hevc),
            b"av1C" => fields.array::<3>().map(|[_, a, b]| Self::Av1([a, b])),
            b"vpcC" => fields.array::<7>().map(|[_, _, _, _, a, b, c]| Self::Vp9([a, b, c])),
            _ => {
                let (object, specific) = decoder(config)?;
                let level = visual_level(specific).filter(|_| object == MPEG4_VISUAL);
                Some(Self::Visual { object, level })
            }
        }
    }

    /// Reads an `esds` of sound.
    pub(crate) fn of_sound(esds: Boxed) -> Option<Self> {
        let (object, specific) = decoder(esds)?;
        let aac = if object == MPEG4_AUDIO { Aac::read(specific) } else { None };
        Some(Self::Audio { object, aac })
    }

    /// The name of a codec with this profile.
    pub(crate) fn named(self, codec: Kind) -> String {
        format!("{codec}{self}")
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Avc([profile, constraints, level]) => {
                write!(out, ".{profile:02X}{constraints:02X}{level:02X}")
            }
            Self::Hevc(config) => hevc(*config, out),
            Self::Av1(config) => av1(*config, out),
            Self::Vp9([profile, level, depth]) => {
                write!(out, ".{profile:02}.{level:02}.{:02}", depth >> 4)
            }
            Self::Visual { object, level: Some(level) } => write!(out, ".{object:02X}.{level}"),
            Self::Audio { object, aac: Some(aac) } => write!(out, ".{object:02X}.{}", aac.object),
            Self::Visual { object, .. } | Self::Audio { object, .. } => {
                write!(out, ".{object:02X}")
            }
        }
    }
}

/// Profile space and profile, compatibility backwards, tier and level, constraints without the
/// zeros at their end (ISO 14496-15 annex E.3).
fn hevc(config: [u8; 13], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let [_, profile, a, b, c, d, constraints @ .., level] = config;
    let space = match profile >> 6 {
        0 => "",
        1 => "A",
        2 => "B",
        _ => "C",
    };
    let compatible = u32::from_be_bytes([a, b, c, d]).reverse_bits();
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    write!(out, ".{space}{}.{compatible:X}.{tier}{level}", profile & 0x1F)?;
    let last = constraints.iter().rposition(|byte| *byte != 0);
    let told = last.map_or(0, |last| last.saturating_add(1));
    constraints.iter().take(told).try_for_each(|byte| write!(out, ".{byte:X}"))
}

/// Profile, level and tier, depth (AV1 in ISOBMFF §5).
fn av1([first, second]: [u8; 2], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (profile, level) = (first >> 5, first & 0x1F);
    let tier = if second & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match (second & 0x40 != 0, second & 0x20 != 0 && profile == 2) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    write!(out, ".{profile}.{level:02}{tier}.{depth:02}")
}

/// The object and the decoder's own bytes in `esds`, a full box of nested descriptors.
fn decoder(esds: Boxed<'_>) -> Option<(u8, &[u8])> {
    let mut fields = Fields::new(esds.body);
    fields.skip(4)?;
    let mut stream = Fields::new(descriptor(&mut fields, STREAM)?);
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
    let mut config = Fields::new(descriptor(&mut stream, DECODER)?);
    let object = config.u8()?;
    config.skip(12)?;
    Some((object, descriptor(&mut config, SPECIFIC).unwrap_or_default()))
}

/// A descriptor with a tag: its size in one to four bytes of seven bits, then its bytes; as many as
/// are there, for some writers count wrongly.
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

fn visual_level(specific: &[u8]) -> Option<u8> {
    let mut fields = Fields::new(specific);
    (fields.array()? == VISUAL_START).then(|| fields.u8())?
}

impl Aac {
    fn read(specific: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(specific);
        let object = match bits.take(5)? {
            31 => bits.take(6)?.saturating_add(32),
            object => object,
        };
        let first = rate(&mut bits);
        let channels = bits.take(4).and_then(|index| CHANNELS.get(usize::try_from(index).ok()?));
        let second = if TWO_RATES.contains(&object) { rate(&mut bits) } else { None };
        let channels = channels.copied().filter(|channels| *channels > 0);
        Some(Self { object, rate: second.or(first), channels })
    }
}

/// A rate: an index, or the number itself.
fn rate(bits: &mut Bits) -> Option<u32> {
    match bits.take(4)? {
        15 => bits.take(24),
        index => RATES.get(usize::try_from(index).ok()?).copied(),
    }
}

/// The first 64 bits of some bytes, taken one group after the other.
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

    fn named(codec: [u8; 4], profile: Profile) -> String {
        profile.named(Kind(codec))
    }

    /// The examples of RFC 6381, ISO 14496-15 and of the bindings of AV1 and VP9.
    #[test]
    fn pictures_are_named_as_browsers_ask_for_them() {
        let avc = Profile::Avc([0x64, 0, 0x28]);
        assert_eq!(named(*b"avc1", avc), "avc1.640028");
        let hevc = Profile::Hevc([1, 1, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 93]);
        assert_eq!(named(*b"hvc1", hevc), "hvc1.1.6.L93.B0");
        let high = Profile::Hevc([1, 0x62, 0x20, 0, 0, 0, 0x90, 0, 4, 0, 0, 0, 150]);
        assert_eq!(named(*b"hev1", high), "hev1.A2.4.H150.90.0.4");
        assert_eq!(named(*b"av01", Profile::Av1([0x04, 0])), "av01.0.04M.08");
        assert_eq!(named(*b"av01", Profile::Av1([0x4D, 0xE0])), "av01.2.13H.12");
        assert_eq!(named(*b"vp09", Profile::Vp9([0, 10, 0x82])), "vp09.00.10.08");
        let visual = Profile::Visual { object: 0x20, level: Some(9) };
        assert_eq!(named(*b"mp4v", visual), "mp4v.20.9");
    }

    /// An `esds` with descriptors whose sizes take four bytes, as Apple writes them.
    fn esds(object: u8, specific: &[u8]) -> Vec<u8> {
        let wrapped = |tag: u8, body: &[u8]| {
            let size = u8::try_from(body.len()).unwrap();
            [&[tag, 0x80, 0x80, 0x80, size][..], body].concat()
        };
        let config = [&[object][..], &[0; 12], &wrapped(SPECIFIC, specific)].concat();
        let stream = [&[0, 1, 0x20, 0, 2][..], &wrapped(DECODER, &config)].concat();
        let body = [&[0; 4][..], &wrapped(STREAM, &stream)].concat();
        let size = u32::try_from(body.len().saturating_add(8)).unwrap();
        [&size.to_be_bytes()[..], b"esds", &body].concat()
    }

    fn sound(specific: &[u8]) -> (String, Option<u32>, Option<u32>) {
        let bytes = esds(MPEG4_AUDIO, specific);
        let profile = Profile::of_sound(Boxed::whole(&bytes, 0).unwrap()).unwrap();
        let aac = match profile {
            Profile::Audio { aac, .. } => aac.unwrap(),
            other => panic!("{other:?}"),
        };
        (named(*b"mp4a", profile), aac.rate, aac.channels)
    }

    #[test]
    fn sound_is_named_with_its_rate_and_channels() {
        let told = |name: &str, rate, channels| (name.to_owned(), Some(rate), Some(channels));
        assert_eq!(sound(&[0x12, 0x10]), told("mp4a.40.2", 44_100, 2));
        // SBR: 24,000 in the core, 48,000 heard.
        assert_eq!(sound(&[0x2B, 0x11, 0x88]), told("mp4a.40.5", 48_000, 2));
        // An object above 31, and a rate that has no index.
        let long = [0xF9, 0x5E, 0x02, 0xEE, 0x00, 0x40];
        assert_eq!(sound(&long), told("mp4a.40.42", 96_000, 2));
        let bytes = esds(0x6B, &[]);
        let mp3 = Profile::of_sound(Boxed::whole(&bytes, 0).unwrap()).unwrap();
        assert_eq!(named(*b"mp4a", mp3), "mp4a.6B");
    }
}
