//! The configuration without which a decoder cannot start.

use super::codec_string;
use super::parameter_sets::{NalFamily, UnitKind};
use crate::inspect::boxes::{Checked, Fields, Mp4Box};
use crate::model::Check;

/// What a valid configuration says.
pub(crate) struct CodecConfig {
    /// Profile and level in the form of RFC 6381, where they are known.
    pub(crate) profile: Option<String>,
    /// How NAL units are delimited in the samples; `None` for other codecs.
    pub(crate) nal_format: Option<NalFormat>,
}

/// How NAL units are delimited in the samples of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NalFormat {
    pub(crate) family: NalFamily,
    /// Bytes of the length before each unit; `None` for start codes instead of lengths.
    pub(crate) length_size: Option<u8>,
    /// Whether the parameter sets are not in the configuration, so that they must be in the samples.
    pub(crate) needs_sets: bool,
}

impl CodecConfig {
    fn of_profile(profile: String) -> Self {
        Self { profile: Some(profile), nal_format: None }
    }

    /// The lower two bits of `lengths` are one less than the size (ISO 14496-15 §5.3.3, §8.3.3).
    fn of_nal_units(profile: String, lengths: u8, sets: &ParameterSets) -> Self {
        let length_size = Some((lengths & 3).saturating_add(1));
        let nal_format =
            NalFormat { family: sets.family, length_size, needs_sets: sets.is_missing() };
        Self { profile: Some(profile), nal_format: Some(nal_format) }
    }

    /// An empty configuration: some writers leave the units as the encoder returns them, with start
    /// codes.
    fn of_start_codes(family: NalFamily) -> Self {
        let nal_format = NalFormat { family, length_size: None, needs_sets: true };
        Self { profile: None, nal_format: Some(nal_format) }
    }
}

/// `CODEC_CONFIG_INVALID`: The lengths inside the configuration stay inside it, because decoders
/// trust them, and its parameter sets can be read. (ISO 14496-15 §5.3.3, §8.3.3)
pub(crate) fn read(config: Mp4Box) -> Checked<CodecConfig> {
    let fields = Fields::new(config.body);
    let valid = match &config.kind.0 {
        b"avcC" if config.body.is_empty() => Some(CodecConfig::of_start_codes(NalFamily::Avc)),
        b"hvcC" if config.body.is_empty() => Some(CodecConfig::of_start_codes(NalFamily::Hevc)),
        b"avcC" => avc(fields),
        b"hvcC" => hevc(fields),
        b"av1C" => av1(fields),
        b"vpcC" => vp9(fields),
        _ => esds(config),
    };
    let what = "is a damaged decoder configuration, so the picture cannot be decoded";
    valid.ok_or_else(|| config.finding(Check::CodecConfigInvalid, what))
}

/// `avcC`: version 1, profile, level, then parameter sets with 16-bit lengths (ISO 14496-15
/// §5.3.3).
fn avc(mut fields: Fields) -> Option<CodecConfig> {
    let [version, profile, constraints, level, lengths, count] = fields.array()?;
    let mut sets = ParameterSets::new(NalFamily::Avc);
    sets.read(&mut fields, u16::from(count & 0x1F))?;
    let count = fields.u8()?;
    sets.read(&mut fields, u16::from(count))?;
    let profile = format!("{profile:02X}{constraints:02X}{level:02X}");
    let is_valid = version == 1 && !sets.is_broken();
    is_valid.then(|| CodecConfig::of_nal_units(profile, lengths, &sets))
}

/// `hvcC`: 22 bytes of profile, then arrays of parameter sets (ISO 14496-15 §8.3.3). Early writers
/// left version 0.
fn hevc(mut fields: Fields) -> Option<CodecConfig> {
    let profile: [u8; 13] = fields.array()?;
    fields.skip(8)?;
    let (lengths, arrays) = (fields.u8()?, fields.u8()?);
    let mut sets = ParameterSets::new(NalFamily::Hevc);
    for _ in 0..arrays {
        fields.skip(1)?;
        let count = fields.u16()?;
        sets.read(&mut fields, count)?;
    }
    let is_valid = profile[0] <= 1 && !sets.is_broken();
    is_valid.then(|| CodecConfig::of_nal_units(codec_string::hevc(profile), lengths, &sets))
}

/// How many parameter sets of a configuration can be read, and how many cannot.
struct ParameterSets {
    family: NalFamily,
    /// Of sequences and of pictures.
    valid: [u16; 2],
    broken: [u16; 2],
}

impl ParameterSets {
    fn new(family: NalFamily) -> Self {
        Self { family, valid: [0; 2], broken: [0; 2] }
    }

    fn read(&mut self, fields: &mut Fields, count: u16) -> Option<()> {
        for _ in 0..count {
            let length = fields.u16()?;
            let unit = fields.bytes(usize::from(length))?;
            let [sequences, pictures] =
                if self.family.can_read(unit) { &mut self.valid } else { &mut self.broken };
            match unit.first().map(|first| self.family.kind(*first)) {
                Some(UnitKind::Sequence) => *sequences = sequences.saturating_add(1),
                Some(UnitKind::Picture) => *pictures = pictures.saturating_add(1),
                _ => {}
            }
        }
        Some(())
    }

    fn is_missing(&self) -> bool {
        self.valid.contains(&0)
    }

    /// Whether there are sets, but none that can be read.
    fn is_broken(&self) -> bool {
        self.valid.iter().zip(self.broken).any(|(valid, broken)| *valid == 0 && broken > 0)
    }
}

/// `av1C`: marker and version in the first of four bytes (AV1 in ISOBMFF §2.3.3).
fn av1(mut fields: Fields) -> Option<CodecConfig> {
    let [marker, first, second, _] = fields.array()?;
    (marker == 0x81).then(|| CodecConfig::of_profile(codec_string::av1(first, second)))
}

/// `vpcC`: a full box of eight bytes and some codec data (VP codec ISOBMFF binding §2.2).
fn vp9(mut fields: Fields) -> Option<CodecConfig> {
    let [_, _, _, _, profile, level, depth, _, _, _] = fields.array()?;
    let length = fields.u16()?;
    fields.skip(usize::from(length))?;
    Some(CodecConfig::of_profile(format!("{profile:02}.{level:02}.{:02}", depth >> 4)))
}

/// `esds`: a full box that holds an elementary stream descriptor (ISO 14496-14 §5.6).
fn esds(config: Mp4Box) -> Option<CodecConfig> {
    let profile = codec_string::visual(config);
    (config.body.get(4) == Some(&3)).then_some(CodecConfig { profile, nal_format: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6381, ISO 14496-15 and of the bindings of AV1 and VP9.
    #[test]
    fn codec_strings_follow_rfc_6381() {
        let specific = [5, 5, 0, 0, 1, 0xB0, 9];
        let decoder = [&[4, 20, 0x20][..], &[0; 12], &specific].concat();
        let visual = [&[0, 0, 0, 0, 3, 27, 0, 1, 0x20, 0, 2][..], &decoder].concat();
        let hevc = [1, 1, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 93];
        let high_tier = [1, 0x62, 0x20, 0, 0, 0, 0x90, 0, 4, 0, 0, 0, 150];
        let examples: [(_, &[u8], _); 7] = [
            (*b"avcC", &[1, 0x64, 0, 0x28], "640028"),
            (*b"hvcC", &hevc, "1.6.L93.B0"),
            (*b"hvcC", &high_tier, "A2.4.H150.90.0.4"),
            (*b"av1C", &[0x81, 0x04, 0], "0.04M.08"),
            (*b"av1C", &[0x81, 0x4D, 0xE0], "2.13H.12"),
            (*b"vpcC", &[1, 0, 0, 0, 0, 10, 0x82], "00.10.08"),
            (*b"esds", &visual, "20.9"),
        ];
        for (kind, body, expected) in examples {
            // Zeros stand for no parameter sets and no codec data.
            let body = [body, &[0; 10]].concat();
            let size = u32::try_from(body.len().saturating_add(8)).unwrap();
            let bytes = [&size.to_be_bytes()[..], &kind, &body].concat();
            let config = read(Mp4Box::parse(&bytes, 0).unwrap()).unwrap();
            assert_eq!(config.profile.as_deref(), Some(expected));
        }
    }
}
