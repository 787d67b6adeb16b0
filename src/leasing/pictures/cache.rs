//! Encoded pictures in memory, so that repeated requests share their bytes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::qr::QrFormat;
use crate::model::{TypeCode, VehicleGuid};

/// A picture of a vehicle type, or a QR code.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Shared by all responses.
    pub bytes: Bytes,
    /// The version: the first digits of its SHA-256.
    pub tag: String,
}

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    VehicleType(TypeCode),
    Qr(VehicleGuid, QrFormat),
}

/// The pictures that were requested last, up to a number of bytes.
pub(super) struct PictureCache {
    max_bytes: u64,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    pictures: HashMap<Subject, (u64, Picture)>,
    /// The subjects by the time of their last request.
    by_use: BTreeMap<u64, Subject>,
    uses: u64,
    bytes: u64,
}

impl PictureCache {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { max_bytes, entries: Mutex::default() }
    }

    pub(super) fn get(&self, subject: Subject) -> Option<Picture> {
        let mut entries = self.entries();
        let picture = entries.remove(subject)?;
        entries.insert(subject, picture.clone());
        Some(picture)
    }

    /// Adds a picture, and returns it. Concurrent readers of a new picture all get the same bytes.
    pub(super) fn insert(&self, subject: Subject, picture: Picture) -> Picture {
        let mut entries = self.entries();
        let cached = entries.remove(subject).filter(|cached| cached.tag == picture.tag);
        let picture = cached.unwrap_or(picture);
        entries.insert(subject, picture.clone());
        while entries.bytes > self.max_bytes && entries.remove_oldest() {}
        picture
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn insert(&mut self, subject: Subject, picture: Picture) {
        self.uses += 1;
        self.bytes += size(&picture);
        self.by_use.insert(self.uses, subject);
        self.pictures.insert(subject, (self.uses, picture));
    }

    fn remove(&mut self, subject: Subject) -> Option<Picture> {
        let (used, picture) = self.pictures.remove(&subject)?;
        self.by_use.remove(&used);
        self.bytes -= size(&picture);
        Some(picture)
    }

    fn remove_oldest(&mut self) -> bool {
        let oldest = self.by_use.first_key_value().map(|(_, subject)| *subject);
        oldest.and_then(|subject| self.remove(subject)).is_some()
    }
}

/// With what the tables take for an entry.
fn size(picture: &Picture) -> u64 {
    u64::try_from(picture.bytes.len() + size_of::<(Subject, Picture)>() * 2).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Clock, Random};

    fn picture(length: usize) -> Picture {
        Picture { bytes: vec![7; length].into(), tag: "tag".to_owned() }
    }

    #[test]
    fn the_pictures_that_were_requested_longest_ago_make_room() {
        let (clock, random) = (Clock::system(), Random::seeded(7));
        let subjects: Vec<_> = (0..4)
            .map(|_| Subject::Qr(VehicleGuid::mint(&clock, &random), QrFormat::Png))
            .collect();
        let cache = PictureCache::new(4_000);
        for subject in &subjects[..3] {
            cache.insert(*subject, picture(1_000));
        }
        assert!(cache.get(subjects[0]).is_some());
        cache.insert(subjects[3], picture(1_000));
        let cached: Vec<_> = subjects.iter().map(|subject| cache.get(*subject).is_some()).collect();
        assert_eq!(cached, [true, false, true, true]);
        cache.insert(subjects[1], picture(5_000));
        assert!(cache.get(subjects[1]).is_none(), "larger than the cache");
        assert_eq!(cache.entries().bytes, 0);
    }

    #[test]
    fn a_picture_that_is_cached_already_keeps_its_bytes() {
        let (clock, random) = (Clock::system(), Random::seeded(7));
        let subject = Subject::VehicleType(TypeCode::mint(&clock, &random));
        let cache = PictureCache::new(4_000);
        let first = cache.insert(subject, picture(10));
        assert_eq!(cache.insert(subject, picture(10)).bytes.as_ptr(), first.bytes.as_ptr());
        let other = Picture { tag: "other".to_owned(), ..picture(10) };
        assert_eq!(cache.insert(subject, other.clone()).bytes.as_ptr(), other.bytes.as_ptr());
    }
}
