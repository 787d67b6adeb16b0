//! What has been learnt from the boxes that are read whole.

use jiff::Timestamp;

use crate::model::Finding;

use super::boxes::Boxed;
use super::brands;
use super::extents::Runs;
use super::fragments::Fragments;
use super::kind::Kind;
use super::movie::{self, Movie};
use super::notes::{Noted, Notes};
use super::opinion;
use super::path;
use super::policy;
use super::settings::Config;
use super::shape;
use super::top::{Closed, Extent, Start};

/// What a reader of boxes may look at beside them.
pub(super) struct Context<'a> {
    pub(super) rules: &'a Config,
    /// Length of the whole file, if it is known.
    pub(super) length: Option<u64>,
    pub(super) now: Timestamp,
    /// Payloads of the `mdat` boxes met so far.
    pub(super) mdats: &'a [Extent],
}

/// Everything that was learnt.
#[derive(Clone, Default)]
pub(super) struct Content {
    pub(super) brands: Vec<Kind>,
    pub(super) movie: Option<Movie>,
    /// Where the samples of `moov` lie.
    pub(super) runs: Runs,
    pub(super) fragments: Fragments,
    pub(super) fault: Option<Noted>,
    pub(super) notes: Notes,
}

/// Where readers put their notes.
pub(super) struct Notepad<'a> {
    notes: &'a mut Notes,
    after: u64,
}

impl Notepad<'_> {
    pub(super) fn add(&mut self, finding: Finding) {
        self.notes.add(self.after, finding);
    }
}

impl Content {
    /// Reads a box that is there in whole. After a fault nothing more is read.
    pub(super) fn read(&mut self, context: &Context, closed: &Closed, bytes: &[u8]) {
        if self.fault.is_some() {
            return;
        }
        let Closed { start, extent } = closed;
        let read = Boxed::to_end(bytes, extent.start).and_then(|found| match &start.kind.0 {
            b"ftyp" => self.ftyp(context, found),
            b"moov" => self.moov(context, found),
            _ => self.moof(context, start, found),
        });
        let path = |at| path::within(start.path(), bytes, extent.start, at);
        self.notes.place(path);
        if let Err(finding) = read {
            let found = finding.at.and_then(path);
            self.fault = Some(Noted { finding: finding.within(found), after: extent.end });
        }
    }

    fn ftyp(&mut self, context: &Context, ftyp: Boxed) -> Result<(), Finding> {
        if !self.brands.is_empty() {
            return Ok(()); // the first one counts
        }
        self.brands = brands::read(ftyp)?;
        brands::unsupported(&self.brands, ftyp.at)?;
        let mut notepad = Notepad { notes: &mut self.notes, after: ftyp.end() };
        brands::quicktime(&self.brands, ftyp.at, context.rules, &mut notepad)
    }

    fn moov(&mut self, context: &Context, moov: Boxed) -> Result<(), Finding> {
        shape::check(moov)?;
        let mut notepad = Notepad { notes: &mut self.notes, after: moov.end() };
        let (movie, runs) = movie::read(moov, context, &mut notepad)?;
        let movie = self.movie.insert(movie);
        self.runs = runs;
        policy::of_movie(movie, context.rules, &mut notepad)?;
        if let Some(doubt) = opinion::differs(moov, movie) {
            notepad.add(doubt);
        }
        Ok(())
    }

    fn moof(&mut self, context: &Context, start: &Start, moof: Boxed) -> Result<(), Finding> {
        shape::check(moof)?;
        let Some(movie) = &mut self.movie else { return Ok(()) };
        let mut notepad = Notepad { notes: &mut self.notes, after: moof.end() };
        self.fragments.read(moof, start.path(), movie, context, &mut notepad)
    }
}
