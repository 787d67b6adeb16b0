//! The context in which a box is parsed: the rules, what is known of the file, and the list of
//! notes.

use jiff::Timestamp;

use super::boxes::Extent;
use crate::model::Finding;

use super::notes::NoteList;
use super::settings::Config;

pub(crate) struct Context<'a> {
    pub(crate) rules: &'a Config,
    /// Length of the whole file, or its upper limit, if either is known.
    pub(crate) length: Option<u64>,
    pub(crate) now: Timestamp,
    /// Payloads of the `mdat` boxes so far.
    pub(crate) mdats: &'a [Extent],
    /// The end of the box that is being parsed. Its notes are certain after so many bytes.
    pub(crate) after: u64,
    pub(crate) notes: NoteList,
}

impl Context<'_> {
    pub(crate) fn note(&mut self, finding: Finding) {
        self.notes.add(self.after, finding);
    }
}
