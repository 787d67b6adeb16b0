//! The sequence parameter sets of H.264 and H.265, as far as decoders must understand them.
//!
//! Only values that no decoder accepts count as damage.

use crate::inspect::boxes::step;

/// Profiles of H.264 (ISO 14496-10 annexes A, F, G and H, and an early 4:4:4 profile).
const AVC_PROFILES: [u8; 17] =
    [44, 66, 77, 83, 86, 88, 100, 110, 118, 122, 128, 134, 135, 138, 139, 144, 244];

/// Those without a description of the colour format.
const BASIC_PROFILES: [u8; 3] = [66, 77, 88];

/// The longest side of a picture, in units of 16 pixels (H.264).
const MAX_MACROBLOCKS: u32 = 1024;

/// The longest side of a picture, in pixels (H.265).
const MAX_SIDE: u32 = 16_384;

/// The codecs whose samples consist of NAL units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NalFamily {
    Avc,
    Hevc,
}

/// What a NAL unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitKind {
    /// A part of a frame.
    Slice,
    Sequence,
    Picture,
    /// An access unit delimiter, or a VPS (H.265): the parameter sets follow it.
    DelimiterOrVps,
    Other,
}

impl NalFamily {
    /// The kind of a unit, from its first byte (ISO 14496-10 §7.3.1, ISO 23008-2 §7.3.1.2).
    pub(crate) fn kind(self, first: u8) -> UnitKind {
        match (self, first & 0x1F, (first >> 1) & 0x3F) {
            (Self::Avc, 1..=5 | 20, _) | (Self::Hevc, _, 0..=31) => UnitKind::Slice,
            (Self::Avc, 7, _) | (Self::Hevc, _, 33) => UnitKind::Sequence,
            (Self::Avc, 8, _) | (Self::Hevc, _, 34) => UnitKind::Picture,
            (Self::Avc, 9, _) | (Self::Hevc, _, 32 | 35) => UnitKind::DelimiterOrVps,
            _ => UnitKind::Other,
        }
    }

    /// Whether a parameter set can be read.
    pub(crate) fn can_read(self, unit: &[u8]) -> bool {
        let kind = unit.first().map(|first| self.kind(*first));
        let read = match (self, kind) {
            (Self::Avc, Some(UnitKind::Sequence)) => avc_sequence(unit),
            (Self::Hevc, Some(UnitKind::Sequence)) => hevc_sequence(unit),
            (Self::Avc, Some(UnitKind::Picture)) => check_ids(unit, 1, 255, 31),
            (Self::Hevc, Some(UnitKind::Picture)) => check_ids(unit, 2, 63, 15),
            _ => None,
        };
        read.is_some()
    }
}

/// Checks the ids at the start of a picture parameter set: its own, and that of its sequence. `None` if one
/// exceeds its maximum.
fn check_ids(unit: &[u8], header: usize, max_own: u32, max_sequence: u32) -> Option<()> {
    let mut bits = Bits::new(unit.get(header..)?);
    bits.at_most(max_own)?;
    bits.at_most(max_sequence)
}

/// H.264 (ISO 14496-10 §7.3.2.1.1), up to the size of the picture.
fn avc_sequence(unit: &[u8]) -> Option<()> {
    let profile = *unit.get(1)?;
    let mut bits = Bits::new(unit.get(4..)?); // after profile, constraints, level
    bits.at_most(31)?; // its id
    if !AVC_PROFILES.contains(&profile) {
        return None;
    }
    if !BASIC_PROFILES.contains(&profile) {
        avc_colours(&mut bits)?;
    }
    bits.at_most(12)?; // bits of frame numbers
    match bits.number()? {
        0 => bits.at_most(12)?,
        1 => {
            bits.take(1)?;
            bits.numbers(2)?;
            let cycle = bits.number().filter(|cycle| *cycle <= 255)?;
            bits.numbers(cycle)?;
        }
        2 => {}
        _ => return None,
    }
    bits.at_most(16)?; // reference frames
    bits.take(1)?;
    bits.below(MAX_MACROBLOCKS)?; // width
    bits.below(MAX_MACROBLOCKS) // height
}

fn avc_colours(bits: &mut Bits) -> Option<()> {
    let format = bits.number().filter(|format| *format <= 3)?;
    if format == 3 {
        bits.take(1)?;
    }
    bits.at_most(6)?; // bits of luma
    bits.at_most(6)?; // bits of chroma
    bits.take(1)?;
    if bits.take(1)? == 1 {
        let lists = if format == 3 { 12 } else { 8 };
        for list in 0..lists {
            if bits.take(1)? == 1 {
                scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some(())
}

fn scaling_list(bits: &mut Bits, size: u32) -> Option<()> {
    let mut scale = 8_i64;
    for _ in 0..size {
        let code = i64::from(bits.number()?);
        let half = code.saturating_add(1) / 2;
        let delta = if code % 2 == 0 { half.saturating_neg() } else { half };
        scale = scale.saturating_add(delta).rem_euclid(256);
        if scale == 0 {
            break; // the rest repeats the last value
        }
    }
    Some(())
}

/// H.265 (ISO 23008-2 §7.3.2.2.1), up to the bits of a pixel.
fn hevc_sequence(unit: &[u8]) -> Option<()> {
    let mut bits = Bits::new(unit.get(2..)?);
    bits.take(4)?;
    let layers = bits.take(3).filter(|layers| *layers <= 6)?;
    bits.take(1)?;
    bits.skip(88)?; // profile
    bits.skip(8)?; // level
    let mut inner = 0_u32;
    for layer in 0..if layers > 0 { 8 } else { 0 } {
        let [profile, level] = [bits.take(1)?, bits.take(1)?];
        if layer < layers {
            inner = inner
                .saturating_add(profile.saturating_mul(88))
                .saturating_add(level.saturating_mul(8));
        }
    }
    bits.skip(inner)?;
    bits.at_most(15)?; // its id
    let format = bits.number().filter(|format| *format <= 3)?;
    if format == 3 {
        bits.take(1)?;
    }
    bits.at_most(MAX_SIDE)?;
    bits.at_most(MAX_SIDE)?;
    if bits.take(1)? == 1 {
        bits.numbers(4)?; // cropping
    }
    bits.at_most(8)?; // bits of luma
    bits.at_most(8)?; // bits of chroma
    bits.at_most(12) // bits of picture numbers
}

/// The bits of a unit without the bytes that prevent start codes (ISO 14496-10 §7.4.1).
struct Bits<'a> {
    bytes: &'a [u8],
    zeros: u8,
    current: u8,
    left: u8,
}

impl<'a> Bits<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, zeros: 0, current: 0, left: 0 }
    }

    fn next_byte(&mut self) -> Option<u8> {
        step();
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        let is_escape = self.zeros >= 2 && *byte == 3;
        self.zeros = if *byte == 0 { self.zeros.saturating_add(1) } else { 0 };
        if is_escape { self.next_byte() } else { Some(*byte) }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            (self.current, self.left) = (self.next_byte()?, 8);
        }
        self.left = self.left.saturating_sub(1);
        Some(u32::from(self.current.checked_shr(self.left.into())? & 1))
    }

    fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0_u32, |bits, _| Some(bits.saturating_mul(2) | self.bit()?))
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.bit().map(drop))
    }

    /// An Exp-Golomb code (ISO 14496-10 §9.1).
    fn number(&mut self) -> Option<u32> {
        let mut zeros = 0_u32;
        while self.bit()? == 0 {
            zeros = zeros.saturating_add(1);
            if zeros > 31 {
                return None;
            }
        }
        1_u32.checked_shl(zeros)?.checked_sub(1)?.checked_add(self.take(zeros)?)
    }

    fn numbers(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.number().map(drop))
    }

    fn at_most(&mut self, limit: u32) -> Option<()> {
        self.number().filter(|number| *number <= limit).map(drop)
    }

    fn below(&mut self, limit: u32) -> Option<()> {
        self.number().filter(|number| *number < limit).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets that x264 and x265 have written, and an iPhone's.
    const AVC: [u8; 25] = *b"\x67\x64\x00\x0d\xac\xd9\x41\x41\xfb\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xf1\x42\x99\x60";

    #[test]
    fn real_sets_are_read_and_garbage_is_not() {
        assert!(NalFamily::Avc.can_read(&AVC));
        assert!(NalFamily::Avc.can_read(b"\x68\xef\x82\x1c\xb0"));
        for end in 0..9 {
            assert!(!NalFamily::Avc.can_read(AVC.get(..end).unwrap()), "{end}");
        }
        let [ones, zeros] = [[0xFF; 24], [0; 24]].map(|bytes| [&[0x67][..], &bytes].concat());
        assert!(!NalFamily::Avc.can_read(&ones) && !NalFamily::Avc.can_read(&zeros));
        assert!(!NalFamily::Hevc.can_read(&[&[0x42, 1][..], &[0xFF; 40]].concat()));
        assert!(!NalFamily::Hevc.can_read(&[&[0x42, 1][..], &[0; 40]].concat()));
    }
}
