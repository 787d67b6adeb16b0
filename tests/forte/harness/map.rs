//! The positions of all boxes of a good file, for tests that damage it.

use forte_media::model::Random;

use super::boxes::CONTAINERS;
use super::mutants::below;

/// Further container boxes, and the number of bytes before their first child.
const MORE_CONTAINERS: [(&[u8; 4], usize); 8] = [
    (b"mfra", 0),
    (b"ilst", 0),
    (b"avc3", 78),
    (b"hvc1", 78),
    (b"hev1", 78),
    (b"av01", 78),
    (b"vp09", 78),
    (b"mp4a", 28),
];

/// A box in a file.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) kind: [u8; 4],
    /// The position of its header.
    pub(crate) at: usize,
    /// The position after its header.
    pub(crate) body: usize,
    /// The position after its last byte.
    pub(crate) end: usize,
    /// The positions of the boxes around it, outermost first.
    pub(crate) parents: Vec<usize>,
}

/// A good file and all its boxes, in order of position.
pub(crate) struct MappedFile {
    pub(crate) bytes: Vec<u8>,
    pub(crate) places: Vec<Place>,
}

impl MappedFile {
    /// Finds the boxes.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let mut places = Vec::new();
        walk(&bytes, 0, bytes.len(), &[], &mut places);
        assert!(places.len() > 1, "not a good file");
        Self { bytes, places }
    }

    /// A random box.
    pub(crate) fn any(&self, random: &Random) -> &Place {
        &self.places[below(self.places.len(), random)]
    }

    /// A random box other than `mdat`, which is large and whose damage is less varied.
    pub(crate) fn any_but_media(&self, random: &Random) -> &Place {
        let others: Vec<_> = self.places.iter().filter(|place| place.kind != *b"mdat").collect();
        others[below(others.len(), random)]
    }

    /// The position of a random byte outside the media.
    pub(crate) fn metadata_byte(&self, random: &Random) -> usize {
        let place = self.any(random);
        let end = if place.kind == *b"mdat" { place.body } else { place.end };
        place.at + below(end - place.at, random)
    }
}

impl Place {
    /// Adds to the sizes of the boxes around it.
    pub(crate) fn resize_around(&self, bad: &mut [u8], by: i64) {
        for at in &self.parents {
            resize(bad, *at, by);
        }
    }

    /// Adds to the sizes of the box and of those around it.
    pub(crate) fn resize_within(&self, bad: &mut [u8], by: i64) {
        resize(bad, self.at, by);
        self.resize_around(bad, by);
    }
}

/// Adds to the size of the box at `at`. A change inside a box does not move the headers of the boxes
/// around it.
fn resize(bad: &mut [u8], at: usize, by: i64) {
    let Some(field) = bad.get_mut(at..at + 4) else { return };
    let size = i64::from(u32::from_be_bytes(field.try_into().unwrap())) + by;
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    field.copy_from_slice(&size.to_be_bytes());
}

fn walk(bytes: &[u8], mut at: usize, end: usize, parents: &[usize], places: &mut Vec<Place>) {
    while let Some(place) = read(bytes, at, end, parents) {
        at = place.end;
        let inner = [parents, &[place.at]].concat();
        let children = children_of(bytes, &place);
        let place_end = place.end;
        places.push(place);
        if let Some(first) = children {
            walk(bytes, first, place_end, &inner, places);
        }
    }
}

fn read(bytes: &[u8], at: usize, end: usize, parents: &[usize]) -> Option<Place> {
    let head = bytes.get(at..(at + 16).min(end))?;
    let (short, rest) = head.split_first_chunk()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let (size, header) = match u32::from_be_bytes(*short) {
        0 => (end - at, 8),
        1 => (usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?, 16),
        size => (usize::try_from(size).ok()?, 8),
    };
    let fits = size >= header && at.checked_add(size)? <= end;
    let place =
        Place { kind: *kind, at, body: at + header, end: at + size, parents: parents.into() };
    fits.then_some(place)
}

/// The position of the first child of a container.
fn children_of(bytes: &[u8], place: &Place) -> Option<usize> {
    if place.kind == *b"meta" {
        // A plain box in QuickTime and a full box in ISO; the position of `hdlr` shows which.
        let full = bytes.get(place.body + 4..place.body + 8) != Some(b"hdlr");
        return Some(place.body + if full { 4 } else { 0 });
    }
    let branch = CONTAINERS.iter().chain(&MORE_CONTAINERS).find(|(kind, _)| **kind == place.kind);
    branch.map(|(_, fixed)| place.body + fixed)
}
