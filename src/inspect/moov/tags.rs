//! The tags of a video: its location, and the maker and the model of the device. They are read
//! leniently.
//!
//! A location is in one of three places: `udta/©xyz` by Android, `udta/loci` by 3GPP writers and
//! `FFmpeg`, a key of `meta` by iOS.

use std::str;

use crate::inspect::boxes::nesting::fields_of_meta;
use crate::inspect::boxes::{Children, Fields, Mp4Box};
use crate::inspect::context::Context;
use crate::model::{Check, Location, LocationFrom, harmless_name};

/// Keys of the maker and the model, by Apple and by Android.
const MAKER_KEYS: [&[u8]; 2] = [b"com.apple.quicktime.make", b"com.android.manufacturer"];
const MODEL_KEYS: [&[u8]; 2] = [b"com.apple.quicktime.model", b"com.android.model"];

/// The key of the location.
const LOCATION_KEY: &[u8] = b"com.apple.quicktime.location.ISO6709";

/// The longest maker or model, in bytes.
const MAX_NAME: usize = 64;

/// The longest text of a location: three signed decimals.
const MAX_ISO6709: usize = 64;

#[derive(Clone, Default)]
pub(crate) struct Tags {
    pub(crate) location: Option<(Location, LocationFrom)>,
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

/// `METADATA_INVALID`, only a note: Reads the tags. Damaged ones are ignored: no playable video is
/// refused because of them, as in `FFmpeg`.
pub(crate) fn read(moov: Mp4Box, context: &mut Context) -> Tags {
    let [udta, meta] = [*b"udta", *b"meta"].map(|kind| moov.children_of(kind).next());
    let broken_udta = udta.filter(|udta| user_data(*udta).any(|child| child.is_err()));
    let is_broken = |meta: &Mp4Box| {
        meta_children(*meta).is_none_or(|mut children| children.any(|child| child.is_err()))
    };
    for broken in [broken_udta, meta.filter(is_broken)].into_iter().flatten() {
        context.note(broken.finding(Check::MetadataInvalid, "has damaged tags"));
    }
    // FFmpeg puts the `meta` of moov into udta.
    let inner = udta.and_then(|udta| find(user_data(udta), *b"meta"));
    let keys = meta.and_then(Keys::read).or_else(|| inner.and_then(Keys::read));
    let by_key = |names: &[&[u8]]| keys.as_ref().and_then(|keys| keys.value(names));
    let by_tag = |kind: [u8; 4]| udta.and_then(|udta| user_text(udta, kind));
    let item = || inner.and_then(|meta| item(meta, *b"\xA9xyz"));
    let from = |from: LocationFrom| move |location: Location| (location, from);
    let xyz = || by_tag(*b"\xA9xyz").or_else(item).and_then(iso6709).map(from(LocationFrom::Xyz));
    let key = || by_key(&[LOCATION_KEY]).and_then(iso6709).map(from(LocationFrom::Keys));
    let loci = || udta.and_then(loci).map(from(LocationFrom::Loci));
    Tags {
        location: xyz().or_else(key).or_else(loci),
        make: by_key(&MAKER_KEYS).or_else(|| by_tag(*b"\xA9mak")).and_then(name),
        model: by_key(&MODEL_KEYS).or_else(|| by_tag(*b"\xA9mod")).and_then(name),
    }
}

/// The first readable child of a type.
fn find(children: Children<'_>, kind: [u8; 4]) -> Option<Mp4Box<'_>> {
    children.flatten().find(|child| child.kind.0 == kind)
}

/// The children of `udta`; QuickTime ends them with a zero.
fn user_data(udta: Mp4Box<'_>) -> Children<'_> {
    udta.children_after(0, true)
}

/// A text of QuickTime's user data: its length, its language, its bytes.
fn user_text(udta: Mp4Box<'_>, kind: [u8; 4]) -> Option<&[u8]> {
    let mut fields = Fields::new(find(user_data(udta), kind)?.body);
    let length = fields.u16()?;
    fields.skip(2)?; // language
    fields.bytes(usize::from(length))
}

/// A name, if it is plain text of a sensible length.
fn name(text: &[u8]) -> Option<String> {
    let text = str::from_utf8(text).ok()?.trim_matches(['\0', ' ']);
    let valid = (1..=MAX_NAME).contains(&text.len()) && !text.chars().any(char::is_control);
    valid.then(|| harmless_name(text)).filter(|name| !name.is_empty())
}

/// A location such as `+52.3676+004.9041/`, in decimal degrees (ISO 6709).
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
    valid_location(number()?, number()?)
}

fn is_decimal(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.'
}

/// A location on the earth. 0° N 0° E, in the Atlantic, is what is left after Android has overwritten
/// a location with zeros for privacy.
fn valid_location(lat: f64, long: f64) -> Option<Location> {
    let possible = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&long);
    let is_blank = lat == 0.0 && long == 0.0;
    (possible && !is_blank).then_some(Location { lat, long })
}

/// The location of 3GPP: a name, a role, then longitude before latitude (TS 26.244 §8.5).
fn loci(udta: Mp4Box) -> Option<Location> {
    let mut fields = find(user_data(udta), *b"loci")?.full().ok()?.fields;
    fields.skip(2)?; // language
    while fields.u8()? != 0 {} // name
    fields.skip(1)?; // role
    let (long, lat) = (fields.i32()?, fields.i32()?);
    valid_location(fixed_point(lat), fixed_point(long))
}

/// A signed fixed-point number with 16 fractional bits, rounded to the five decimals that they can
/// express.
fn fixed_point(bits: i32) -> f64 {
    (f64::from(bits) / 65536.0 * 100_000.0).round() / 100_000.0
}

/// The children of `meta`; `None` without a `hdlr`.
fn meta_children(meta: Mp4Box<'_>) -> Option<Children<'_>> {
    Some(meta.children_after(fields_of_meta(meta.body)?, false))
}

/// The value of an item that is named by its type alone, as in iTunes files.
fn item(meta: Mp4Box<'_>, kind: [u8; 4]) -> Option<&[u8]> {
    let list = find(meta_children(meta)?, *b"ilst")?;
    item_text(find(list.children(), kind)?)
}

/// The text of an item: what follows type and language in its `data`.
fn item_text(item: Mp4Box<'_>) -> Option<&[u8]> {
    find(item.children(), *b"data")?.body.get(8..)
}

/// `meta` with `keys`: names in one list, values in another.
struct Keys<'a> {
    names: Mp4Box<'a>,
    values: Mp4Box<'a>,
}

impl<'a> Keys<'a> {
    fn read(meta: Mp4Box<'a>) -> Option<Self> {
        let children = meta_children(meta)?;
        Some(Self { names: find(children.clone(), *b"keys")?, values: find(children, *b"ilst")? })
    }

    /// The value of the first of some keys that has one.
    fn value(&self, names: &[&[u8]]) -> Option<&'a [u8]> {
        names.iter().find_map(|name| self.value_of(name))
    }

    /// The value of a key. A key has the form of a box: size, namespace, name. The type of a value
    /// is the number of its key, from 1.
    fn value_of(&self, name: &[u8]) -> Option<&'a [u8]> {
        let mut keys = self.names.children_after(8, false).flatten();
        let index = keys.position(|key| key.kind == *b"mdta" && key.body == name)?;
        let number = u32::try_from(index).ok()?.checked_add(1)?.to_be_bytes();
        item_text(find(self.values.children(), number)?)
    }
}
