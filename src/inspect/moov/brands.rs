//! Checks 3 to 5: `ftyp`, which says what kind of file this is.

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::Fields;
use crate::inspect::boxes::kind::Kind;
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::content::Notepad;
use crate::inspect::settings::{Config, Quicktime};

/// QuickTime's own brand.
const QT: [u8; 4] = *b"qt  ";

/// Brands of MP4 files and their relatives (mp4.md §3.2, check 4; Media3 `Sniffer`).
const MP4: [&[u8; 4]; 32] = [
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"isoa",
    b"isob", b"isoc", b"mp41", b"mp42", b"mp71", b"avc1", b"avc3", b"hvc1", b"hev1", b"av01",
    b"M4V ", b"M4VP", b"M4VH", b"MSNV", b"XAVC", b"f4v ", b"kddi", b"dash", b"cmfc", b"cmf2",
    b"isml", b"piff",
];

/// How the brands of 3GPP and 3GPP2 begin, of which there is one for each release and profile (TS
/// 26.244 §5.3: `3gp4` to `3gp9`, `3gr6`, `3ge7` …; 3GPP2 C.S0050: `3g2a` to `3g2c`).
const MOBILE: &[u8] = b"3g";

/// Check 3: `ftyp` is a list of four-letter brands: the major one, a version, the compatible ones.
/// Its upper limit is judged at its header. Answers the brands, the major one first, without
/// repeats. (ISO 14496-12 §4.3)
pub(crate) fn read(ftyp: Boxed) -> Result<Vec<Kind>, Finding> {
    let mut fields = Fields::new(ftyp.body);
    let (Some(major), Some(_version), true) =
        (fields.kind(), fields.u32(), ftyp.body.len().is_multiple_of(4))
    else {
        let message = format!(
            "The box 'ftyp' at byte {} has {} bytes, which is no list of brands. The file is \
             damaged.",
            ftyp.at,
            ftyp.body.len()
        );
        return Err(Finding::at(Check::FtypInvalid, ftyp.at, message));
    };
    let mut brands = vec![major];
    while let Some(brand) = fields.kind() {
        if brand.0 != [0; 4] && !brands.contains(&brand) {
            brands.push(brand);
        }
    }
    Ok(brands)
}

/// Check 4: At least one brand is one we know how to read; others promise other boxes.
/// (ISO 14496-12 §4.3; Media3 `Sniffer`)
pub(crate) fn unsupported(brands: &[Kind], at: u64) -> Result<(), Finding> {
    if brands.iter().any(|brand| brand.0 == QT || is_mp4(*brand)) {
        return Ok(());
    }
    let names: Vec<String> = brands.iter().take(4).map(ToString::to_string).collect();
    let message = format!("The file is of an unknown kind ({}).", names.join(", "));
    Err(Finding::at(Check::BrandUnsupported, at, message))
}

fn is_mp4(brand: Kind) -> bool {
    MP4.contains(&&brand.0) || brand.0.starts_with(MOBILE)
}

/// Check 5: A pure QuickTime movie, the form in which the iPhone's camera records: its major brand
/// is `qt  ` and none is MP4's. Whether to take it is the operator's choice (decisions.md).
pub(crate) fn quicktime(
    brands: &[Kind],
    at: u64,
    rules: &Config,
    notepad: &mut Notepad,
) -> Result<(), Finding> {
    if brands.iter().copied().any(is_mp4) {
        return Ok(());
    }
    let message =
        "This is a QuickTime movie (.mov), as the iPhone's camera writes it; MP4 is asked for.";
    let finding = Finding::at(Check::Quicktime, at, message);
    match rules.quicktime {
        Quicktime::Refuse => Err(finding),
        Quicktime::Accept => {
            notepad.add(finding);
            Ok(())
        }
    }
}
