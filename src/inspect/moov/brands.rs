//! `ftyp`, which states the type of the file: `FTYP_INVALID`, `BRAND_UNSUPPORTED` and `QUICKTIME`.

use crate::inspect::boxes::{Checked, Fields, FourCc, Mp4Box};
use crate::inspect::context::Context;
use crate::inspect::settings::Quicktime;
use crate::model::{Check, Finding};

/// Brands of MP4 files and their relatives (Media3 `Sniffer`).
const MP4: [&[u8; 4]; 32] = [
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"isoa",
    b"isob", b"isoc", b"mp41", b"mp42", b"mp71", b"avc1", b"avc3", b"hvc1", b"hev1", b"av01",
    b"M4V ", b"M4VP", b"M4VH", b"MSNV", b"XAVC", b"f4v ", b"kddi", b"dash", b"cmfc", b"cmf2",
    b"isml", b"piff",
];

/// The beginning of the brands of 3GPP and 3GPP2, of which there is one for each release and profile
/// (TS 26.244 §5.3: `3gp4` to `3gp9`, `3gr6`, `3ge7` …; 3GPP2 C.S0050: `3g2a` to `3g2c`).
const MOBILE: &[u8] = b"3g";

/// Brands of images, which a phone's gallery offers beside its videos (ISO 23008-12; Canon raw).
const STILL: [&[u8; 4]; 9] =
    [b"mif1", b"mif2", b"heic", b"heix", b"heim", b"heis", b"avif", b"jpeg", b"crx "];

/// `FTYP_INVALID`, only a note: `ftyp` is a list of four-letter brands: the major one, a version, the
/// compatible ones. (Its upper limit is checked at its header.) Returns the brands, the major one
/// first, without repeats. (ISO 14496-12 §4.3)
pub(crate) fn read(ftyp: Mp4Box, context: &mut Context) -> Vec<FourCc> {
    let (major, others) = ftyp.body.split_at_checked(8).unwrap_or((ftyp.body, &[]));
    let is_list = major.len() == 8 && others.len().is_multiple_of(4);
    if !is_list {
        let what =
            format!("has a body of {} bytes, which is not a list of brands", ftyp.body.len());
        context.note(ftyp.finding(Check::FtypInvalid, what));
    }
    let mut brands: Vec<FourCc> = Fields::new(major).kind().into_iter().collect();
    let mut fields = Fields::new(others);
    while let Some(brand) = fields.kind() {
        if brand != *b"\0\0\0\0" && !brands.contains(&brand) {
            brands.push(brand);
        }
    }
    brands
}

/// `BRAND_UNSUPPORTED`: The file is not an image. If none of its brands is known, that is only
/// noted: its tracks and codecs decide. (ISO 14496-12 §4.3)
pub(crate) fn unsupported(brands: &[FourCc], at: u64, context: &mut Context) -> Checked {
    if brands.iter().any(|brand| *brand == *b"qt  " || is_mp4(*brand)) {
        return Ok(());
    }
    let names: Vec<String> = brands.iter().take(4).map(ToString::to_string).collect();
    let message = format!("None of the brands of the file is known ({}).", names.join(", "));
    let finding = Finding::at(Check::BrandUnsupported, at, message);
    if brands.iter().any(|brand| STILL.contains(&&brand.0)) {
        return Err(finding);
    }
    context.note(finding);
    Ok(())
}

fn is_mp4(brand: FourCc) -> bool {
    MP4.contains(&&brand.0) || brand.0.starts_with(MOBILE)
}

/// `QUICKTIME`: The file is not a mere QuickTime movie, as the iPhone's camera records it; the
/// operator decides whether one is refused or only noted.
pub(crate) fn quicktime(brands: &[FourCc], at: u64, context: &mut Context) -> Checked {
    let is_quicktime = brands.iter().any(|brand| *brand == *b"qt  ");
    if !is_quicktime || brands.iter().copied().any(is_mp4) {
        return Ok(());
    }
    let message = "The file is a QuickTime movie (.mov), as the iPhone's camera records it, and not \
                   an MP4.";
    let finding = Finding::at(Check::Quicktime, at, message);
    match context.rules.quicktime {
        Quicktime::Refuse => Err(finding),
        Quicktime::Accept => {
            context.note(finding);
            Ok(())
        }
    }
}
