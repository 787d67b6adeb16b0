//! Check 26, the inner part: the configuration without which a decoder cannot start.

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::Fields;
use crate::inspect::boxes::kind::Kind;
use crate::inspect::boxes::mp4_box::Boxed;

/// The box that holds a codec's configuration, for the codecs that have one.
pub(crate) fn config_kind(codec: Kind) -> Option<[u8; 4]> {
    match &codec.0 {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" | b"dva1" | b"dvav" => Some(*b"avcC"),
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => Some(*b"hvcC"),
        b"av01" | b"dav1" => Some(*b"av1C"),
        b"vp08" | b"vp09" => Some(*b"vpcC"),
        b"mp4v" => Some(*b"esds"),
        _ => None,
    }
}

/// Check 26: The configuration's own lengths stay inside it: a decoder reads them blindly.
/// (ISO 14496-15 §5.3.3, §8.3.3)
pub(crate) fn config(found: Boxed) -> Result<(), Finding> {
    let fields = Fields::new(found.body);
    let sound = match &found.kind.0 {
        b"avcC" => avc(fields),
        b"hvcC" => hevc(fields),
        b"av1C" => av1(fields),
        b"vpcC" => vp9(fields),
        _ => esds(fields),
    };
    sound.ok_or_else(|| {
        let message = format!(
            "The decoder's configuration '{}' at byte {} is damaged, so the picture cannot be \
             shown.",
            found.kind, found.at
        );
        Finding::at(Check::CodecConfigInvalid, found.at, message)
    })
}

/// How many bytes the length of each unit takes, by a configuration that is in order (ISO 14496-15
/// §5.3.3, §8.3.3).
pub(crate) fn prefix(config: Boxed) -> Option<u8> {
    let place = match &config.kind.0 {
        b"avcC" => 4,
        b"hvcC" => 21,
        _ => return None,
    };
    let less_one = config.body.get(place)? & 3;
    Some(less_one.saturating_add(1))
}

/// `avcC`: version 1, profile, level, then parameter sets with 16-bit lengths (ISO 14496-15
/// §5.3.3).
fn avc(mut fields: Fields) -> Option<()> {
    let [version, _, _, _, _, sets] = fields.array()?;
    if version != 1 {
        return None;
    }
    units(&mut fields, u16::from(sets & 0x1F))?;
    let sets = fields.u8()?;
    units(&mut fields, u16::from(sets))
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
        units(&mut fields, count)?;
    }
    (version <= 1).then_some(())
}

fn units(fields: &mut Fields, count: u16) -> Option<()> {
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
