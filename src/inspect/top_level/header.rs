//! Headers at the top level, and the context of their checks.

use std::fmt;
use std::sync::Arc;

use crate::inspect::boxes::{BoxHeader, Extent, FourCc, box_finding, path};
use crate::inspect::notes::NoteList;
use crate::inspect::settings::Config;
use crate::model::{Check, Finding};

/// The longest header of a `uuid` box: a 64-bit size and the UUID (ISO 14496-12 §4.2).
pub(crate) const UUID_HEADER: u64 = 32;

/// The header of a top-level box.
#[derive(Clone, Copy)]
pub(crate) struct TopLevelHeader {
    pub(crate) header: BoxHeader,
    pub(crate) kind: FourCc,
    pub(crate) at: u64,
    /// Its number among the boxes of its type, from 1.
    number: u64,
}

impl TopLevelHeader {
    pub(crate) fn parse(bytes: &[u8], at: u64, index: &TopLevelIndex) -> Option<Self> {
        let header = BoxHeader::parse(bytes)?;
        Some(Self { header, kind: header.kind, at, number: index.next_number(header.kind) })
    }

    /// The path of this box. The first box of a type has no number, because it is not known yet
    /// whether others follow; a `moof` always has one, because fragments never come alone.
    pub(crate) fn path(&self) -> String {
        path::segment(self.kind, self.number, self.number > 1 || self.kind == *b"moof")
    }

    /// A finding at the start of this box.
    pub(crate) fn finding_with(&self, check: Check, message: impl Into<String>) -> Finding {
        Finding::at(check, self.at, message).with_path(Some(self.path()))
    }

    /// A finding about this box: "The box `moov` at byte 1234 …".
    pub(crate) fn finding(&self, check: Check, what: impl fmt::Display) -> Finding {
        box_finding(check, self.kind, self.at, what).with_path(Some(self.path()))
    }

    /// Where the payload begins.
    pub(crate) fn payload_start(&self) -> u64 {
        self.at.saturating_add(self.header.length())
    }

    /// The end of the part of the box that is read. Of most boxes only the header is read.
    pub(crate) fn read_end(&self) -> u64 {
        let length = match &self.kind.0 {
            b"ftyp" | b"moov" | b"moof" => u64::MAX,
            b"uuid" => UUID_HEADER,
            _ => 0,
        };
        self.at.saturating_add(length)
    }
}

/// The boxes found at the top level so far.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(crate) struct TopLevelIndex {
    pub(crate) boxes: u64,
    /// Whether there is an `ftyp`, or its absence has been noted.
    pub(crate) ftyp: bool,
    pub(crate) moov: Option<Extent>,
    pub(crate) fragments: u64,
    /// Whether no `mdat` has begun since the last `moof`.
    pub(super) awaits_media: bool,
    /// Payloads of the `mdat` boxes.
    pub(crate) mdats: Vec<Extent>,
    /// Whether an `mdat` states no size and runs to the end of the file.
    pub(crate) has_open_mdat: bool,
    /// Payload of an `mdat` that was refused because it goes past the end of the file.
    pub(crate) truncated_mdat: Option<Extent>,
    /// Whether a preview jumped over boxes.
    pub(crate) has_gap: bool,
}

impl TopLevelIndex {
    pub(crate) fn add(&mut self, header: &TopLevelHeader, end: Option<u64>) {
        let end = end.unwrap_or(u64::MAX);
        self.boxes = self.boxes.saturating_add(1);
        match &header.kind.0 {
            b"ftyp" => self.ftyp = true,
            b"moov" => drop(self.moov.get_or_insert(header.at..end)), // the first one counts
            b"moof" => {
                self.fragments = self.fragments.saturating_add(1);
                self.awaits_media = true;
            }
            b"mdat" => {
                self.awaits_media = false;
                self.mdats.push(header.payload_start()..end);
                self.has_open_mdat |= header.header.is_open_ended();
            }
            _ => {}
        }
    }

    /// Ends the `mdat` or `moov` that runs to the end of the file.
    pub(crate) fn close_open_extents(&mut self, end: u64) {
        let open = self.mdats.last_mut().into_iter().chain(self.moov.as_mut());
        for extent in open.filter(|extent| extent.end == u64::MAX) {
            extent.end = end;
        }
    }

    /// Whether the file already has `moov` and media. Bytes after these that are not a box are tolerated.
    pub(crate) fn is_complete(&self) -> bool {
        self.moov.is_some() && !self.mdats.is_empty()
    }

    /// Whether `moov` comes after all media. Then no lost or repeated byte can have moved its end.
    pub(crate) fn is_moov_last(&self) -> bool {
        let last = self.mdats.last().map_or(0, |mdat| mdat.start);
        self.fragments == 0 && self.moov.as_ref().is_some_and(|moov| moov.start >= last)
    }

    /// The `mdat` boxes that a file of this length contains to their end.
    pub(crate) fn whole_mdats(&self, length: u64) -> &[Extent] {
        let whole = self.mdats.partition_point(|mdat| mdat.end <= length);
        self.mdats.get(..whole).unwrap_or_default()
    }

    pub(super) fn mdat_count(&self) -> u64 {
        u64::try_from(self.mdats.len()).unwrap_or(u64::MAX)
    }

    /// The number of the next box among those of its type, for the types that are counted.
    fn next_number(&self, kind: FourCc) -> u64 {
        let before = match &kind.0 {
            b"moof" => self.fragments,
            b"mdat" => self.mdat_count(),
            b"moov" => u64::from(self.moov.is_some()),
            _ => 0,
        };
        before.saturating_add(1)
    }
}

/// What a check of a header knows besides the header itself.
#[derive(Clone)]
pub(crate) struct HeaderContext {
    pub(crate) rules: Arc<Config>,
    /// Length of the file, if it is known.
    pub(crate) declared: Option<u64>,
    /// Upper limit of the length, where only that is known.
    pub(crate) max_length: Option<u64>,
    /// Bytes read so far.
    pub(crate) position: u64,
    pub(crate) index: TopLevelIndex,
    pub(crate) notes: NoteList,
}

impl HeaderContext {
    /// The length of the file, or its upper limit, if either is known.
    pub(crate) fn length_limit(&self) -> Option<u64> {
        self.declared.or(self.max_length)
    }

    /// Adds a note that is certain after the bytes read so far.
    pub(crate) fn note(&mut self, finding: Finding) {
        self.notes.add(self.position, finding);
    }
}
