//! Where and with what a video was made, and check 40: tags are read leniently.
//!
//! A location is written in one of three places (mp4.md §4.5): `udta/©xyz` by Android, `udta/loci`
//! by 3GPP writers and `FFmpeg`, a key of `meta` by iOS.

use std::str;

use crate::model::{Check, Finding, Location, LocationFrom};

use crate::inspect::boxes::fields::Fields;
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::content::Notepad;

/// Keys of the maker and the model, by Apple and by Android.
const MAKER_KEYS: [&[u8]; 2] = [b"com.apple.quicktime.make", b"com.android.manufacturer"];
const MODEL_KEYS: [&[u8]; 2] = [b"com.apple.quicktime.model", b"com.android.model"];

/// The key of the location.
const LOCATION_KEY: &[u8] = b"com.apple.quicktime.location.ISO6709";

/// The longest maker or model that is told, in bytes.
const MAX_NAME: usize = 64;

/// The longest text of a location: three signed decimals.
const MAX_ISO6709: usize = 64;

/// What the tags tell.
#[derive(Clone, Default)]
pub(crate) struct Tags {
    pub(crate) place: Option<(Location, LocationFrom)>,
    pub(crate) make: Option<String>,
    pub(crate) model: Option<String>,
}

impl Tags {
    /// Maker and model together.
    pub(crate) fn device(&self) -> Option<String> {
        let known = [self.make.clone(), self.model.clone()].into_iter().flatten();
        known.reduce(|make, model| format!("{make} {model}"))
    }
}

/// Check 40: Reads the tags. Broken ones are noted and left alone: no playable video is refused for
/// them, as `FFmpeg` does.
pub(crate) fn read(moov: Boxed, notepad: &mut Notepad) -> Tags {
    let find = |kind: [u8; 4]| moov.children().flatten().find(|child| child.kind.0 == kind);
    let (udta, meta) = (find(*b"udta"), find(*b"meta"));
    for finding in [udta.and_then(broken_udta), meta.and_then(broken_meta)].into_iter().flatten() {
        notepad.add(finding);
    }
    // ffmpeg puts the box that belongs into moov into udta.
    let inner = udta.and_then(|udta| user_data(udta).find(|child| child.kind.0 == *b"meta"));
    let keys = meta.and_then(Keys::read).or_else(|| inner.and_then(Keys::read));
    let by_key = |names: &[&[u8]]| keys.as_ref().and_then(|keys| keys.value(names));
    let by_tag = |kind: [u8; 4]| udta.and_then(|udta| user_text(udta, kind));
    let item = || inner.and_then(|meta| item(meta, *b"\xA9xyz"));
    let from = |from: LocationFrom| move |location: Location| (location, from);
    let xyz = || by_tag(*b"\xA9xyz").or_else(item).and_then(iso6709).map(from(LocationFrom::Xyz));
    let key = || by_key(&[LOCATION_KEY]).and_then(iso6709).map(from(LocationFrom::Keys));
    let loci = || udta.and_then(loci).map(from(LocationFrom::Loci));
    Tags {
        place: xyz().or_else(key).or_else(loci),
        make: by_key(&MAKER_KEYS).or_else(|| by_tag(*b"\xA9mak")).and_then(name),
        model: by_key(&MODEL_KEYS).or_else(|| by_tag(*b"\xA9mod")).and_then(name),
    }
}

/// The children of `udta`, as far as they can be read; QuickTime ends them with a zero.
fn user_data(udta: Boxed<'_>) -> impl Iterator<Item = Boxed<'_>> {
    udta.children_after(0, true).flatten()
}

fn broken_udta(udta: Boxed) -> Option<Finding> {
    let broken = udta.children_after(0, true).any(|child| child.is_err());
    broken.then(|| metadata_invalid(udta))
}

fn broken_meta(meta: Boxed) -> Option<Finding> {
    let broken =
        meta_children(meta).is_none_or(|mut children| children.any(|child| child.is_err()));
    broken.then(|| metadata_invalid(meta))
}

fn metadata_invalid(found: Boxed) -> Finding {
    let message = format!("The tags in '{}' at byte {} are damaged.", found.kind, found.at);
    Finding::at(Check::MetadataInvalid, found.at, message)
}

/// A text of QuickTime's user data: its length, its language, its bytes.
fn user_text(udta: Boxed<'_>, kind: [u8; 4]) -> Option<&[u8]> {
    let found = user_data(udta).find(|child| child.kind.0 == kind)?;
    let mut fields = Fields::new(found.body);
    let length = fields.u16()?;
    fields.skip(2)?; // language
    fields.bytes(usize::from(length))
}

/// A name, if it is a decent one.
fn name(text: &[u8]) -> Option<String> {
    let text = str::from_utf8(text).ok()?.trim_matches(['\0', ' ']);
    let decent = (1..=MAX_NAME).contains(&text.len()) && !text.chars().any(char::is_control);
    decent.then(|| text.to_owned())
}

/// A location such as `+52.3676+004.9041/`, in decimal degrees (ISO 6709; RFC 7946 has no say).
fn iso6709(text: &[u8]) -> Option<Location> {
    let text = str::from_utf8(text.get(..text.len().min(MAX_ISO6709))?).ok()?;
    let mut numbers = text.split_inclusive(|_: char| true).peekable();
    let mut number = || {
        let mut taken = numbers.next().filter(|sign| matches!(*sign, "+" | "-"))?.to_owned();
        while let Some(next) = numbers.next_if(|next| next.bytes().all(is_decimal)) {
            taken.push_str(next);
        }
        // More digits before the point are minutes and seconds; no phone writes those.
        (taken.find('.').unwrap_or(taken.len()) <= 4).then_some(taken)?.parse().ok()
    };
    on_earth(number()?, number()?)
}

fn is_decimal(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.'
}

fn on_earth(lat: f64, long: f64) -> Option<Location> {
    let possible = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&long);
    possible.then_some(Location { lat, long })
}

/// The location of 3GPP: a name, a role, then longitude before latitude (TS 26.244 §8.5).
fn loci(udta: Boxed) -> Option<Location> {
    let found = user_data(udta).find(|child| child.kind.0 == *b"loci")?;
    let mut fields = found.full().ok()?.fields;
    fields.skip(2)?; // language
    while fields.u8()? != 0 {} // name
    fields.skip(1)?; // role
    let (long, lat) = (fields.i32()?, fields.i32()?);
    on_earth(fixed_point(lat), fixed_point(long))
}

/// A signed number with 16 binary places, to five decimals: it has no more.
fn fixed_point(bits: i32) -> f64 {
    (f64::from(bits) / 65536.0 * 100_000.0).round() / 100_000.0
}

/// The children of `meta`, which is a plain box in QuickTime and a full one in ISO files; phones
/// mix them up, so the place of `hdlr` decides.
fn meta_children(meta: Boxed<'_>) -> Option<crate::inspect::boxes::mp4_box::Children<'_>> {
    let is_hdlr = |from: usize| {
        let name = Fields::new(meta.body.get(from..)?).array::<4>()?;
        Some(name == *b"hdlr")
    };
    if is_hdlr(4) == Some(true) {
        return Some(meta.children());
    }
    (is_hdlr(8) == Some(true)).then(|| meta.children_after(4, false))
}

/// The value of an item that is named by its type alone, as iTunes has them.
fn item(meta: Boxed<'_>, kind: [u8; 4]) -> Option<&[u8]> {
    let list = meta_children(meta)?.flatten().find(|child| child.kind.0 == *b"ilst")?;
    let value = list.children().flatten().find(|child| child.kind.0 == kind)?;
    data(value)
}

/// The text of an item: what follows type and language of its `data`.
fn data(item: Boxed<'_>) -> Option<&[u8]> {
    let data = item.children().flatten().find(|child| child.kind.0 == *b"data")?;
    data.body.get(8..)
}

/// `meta` with `keys`: names in one list, values in another.
struct Keys<'a> {
    names: Boxed<'a>,
    values: Boxed<'a>,
}

impl<'a> Keys<'a> {
    fn read(meta: Boxed<'a>) -> Option<Self> {
        let children = meta_children(meta)?;
        let find = |kind| children.clone().flatten().find(|child| child.kind.0 == kind);
        Some(Self { names: find(*b"keys")?, values: find(*b"ilst")? })
    }

    /// The value of the first of some keys that has one.
    fn value(&self, names: &[&[u8]]) -> Option<&'a [u8]> {
        names.iter().find_map(|name| self.value_of(name))
    }

    /// A key is shaped like a box: size, namespace, name. Values are numbered by their keys, from
    /// 1.
    fn value_of(&self, name: &[u8]) -> Option<&'a [u8]> {
        let mut keys = self.names.children_after(8, false).flatten();
        let index = keys.position(|key| key.kind.0 == *b"mdta" && key.body == name)?;
        let number = u32::try_from(index).ok()?.checked_add(1)?.to_be_bytes();
        let mut values = self.values.children().flatten();
        data(values.find(|value| value.kind.0 == number)?)
    }
}
