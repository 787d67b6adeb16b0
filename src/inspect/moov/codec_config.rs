//! Check 26, the inner part: the configuration without which a decoder cannot start.

use crate::inspect::boxes::{Checked, Fields, Mp4Box};
use crate::model::Check;

/// Check 26: The lengths inside the configuration stay inside it: decoders trust them.
/// (ISO 14496-15 §5.3.3, §8.3.3)
pub(crate) fn check(config: Mp4Box) -> Checked {
    let fields = Fields::new(config.body);
    let valid = match &config.kind.0 {
        b"avcC" => avc(fields),
        b"hvcC" => hevc(fields),
        b"av1C" => av1(fields),
        b"vpcC" => vp9(fields),
        _ => esds(fields),
    };
    let what = "is a damaged decoder configuration, so the picture cannot be decoded";
    valid.ok_or_else(|| config.finding(Check::CodecConfigInvalid, what))
}

/// How many bytes the length of each NAL unit has, by a valid configuration (ISO 14496-15 §5.3.3,
/// §8.3.3).
pub(crate) fn nal_length_size(config: Mp4Box) -> Option<u8> {
    let place = match &config.kind.0 {
        b"avcC" => 4,
        b"hvcC" => 21,
        _ => return None,
    };
    let minus_one = config.body.get(place)? & 3;
    Some(minus_one.saturating_add(1))
}

/// `avcC`: version 1, profile, level, then parameter sets with 16-bit lengths (ISO 14496-15
/// §5.3.3).
fn avc(mut fields: Fields) -> Option<()> {
    let [version, _, _, _, _, sets] = fields.array()?;
    if version != 1 {
        return None;
    }
    skip_units(&mut fields, u16::from(sets & 0x1F))?;
    let sets = fields.u8()?;
    skip_units(&mut fields, u16::from(sets))
}

/// `hvcC`: 22 bytes of profile, then arrays of parameter sets (ISO 14496-15 §8.3.3). Early writers
/// left version 0.
fn hevc(mut fields: Fields) -> Option<()> {
    let version = fields.u8()?;
    fields.skip(21)?;
    let arrays = fields.u8()?;
    for _ in 0..arrays {
        fields.skip(1)?;
        let count = fields.u16()?;
        skip_units(&mut fields, count)?;
    }
    (version <= 1).then_some(())
}

fn skip_units(fields: &mut Fields, count: u16) -> Option<()> {
    for _ in 0..count {
        let length = fields.u16()?;
        fields.skip(usize::from(length))?;
    }
    Some(())
}

/// `av1C`: marker and version in the first of four bytes (AV1 in ISOBMFF §2.3.3).
fn av1(mut fields: Fields) -> Option<()> {
    let [marker, ..] = fields.array::<4>()?;
    (marker == 0x81).then_some(())
}

/// `vpcC`: a full box of eight bytes and some codec data (VP codec ISOBMFF binding §2.2).
fn vp9(mut fields: Fields) -> Option<()> {
    fields.skip(10)?;
    let length = fields.u16()?;
    fields.skip(usize::from(length))
}

/// `esds`: a full box that holds an elementary stream descriptor (ISO 14496-14 §5.6).
fn esds(mut fields: Fields) -> Option<()> {
    fields.skip(4)?;
    (fields.u8()? == 3).then_some(())
}
