//! What has been learnt from the boxes that are read whole.

use jiff::Timestamp;

use crate::model::Finding;

use crate::inspect::boxes::fields::{Fields, length};
use crate::inspect::boxes::kind::Kind;
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::boxes::nesting;
use crate::inspect::boxes::path;
use crate::inspect::media::layout::Layout;
use crate::inspect::media::nal::Walk;
use crate::inspect::moof::fragments::Fragments;
use crate::inspect::moof::hints;
use crate::inspect::moov::brands;
use crate::inspect::moov::chunk_extents::Runs;
use crate::inspect::moov::movie::{self, Found, Movie};
use crate::inspect::moov::policy;
use crate::inspect::moov::sample_tables::Samples;
use crate::inspect::notes::{Noted, Notes};
use crate::inspect::second_parser::compare;
use crate::inspect::settings::{Config, NalChain};
use crate::inspect::top_level::reader::{Closed, Extent, Seen, Start};
use crate::inspect::truncated;

/// What a `uuid` box of a C2PA manifest begins with (C2PA Technical Specification, "Embedding
/// manifests into BMFF-based assets").
const C2PA: [u8; 16] = *b"\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81";

/// Tables this small are always kept: they are less than what a scanner needs beside them.
const SMALL: u64 = 32 * 1024;

/// What a reader of boxes may look at beside them.
pub(crate) struct Context<'a> {
    pub(crate) rules: &'a Config,
    /// Length of the whole file, or what that cannot exceed, if either is known.
    pub(crate) length: Option<u64>,
    pub(crate) now: Timestamp,
    /// Payloads of the `mdat` boxes met so far.
    pub(crate) mdats: &'a [Extent],
}

/// Everything that was learnt.
#[derive(Clone, Default)]
pub(crate) struct Content {
    pub(crate) brands: Vec<Kind>,
    pub(crate) movie: Option<Movie>,
    /// Where the samples of `moov` lie.
    pub(crate) runs: Runs,
    pub(crate) fragments: Fragments,
    /// The walk over the pictures.
    pub(crate) walk: Walk,
    /// Whether the file carries a statement of where it comes from (C2PA).
    pub(crate) c2pa: bool,
    /// How many `mdat` boxes have been compared with the samples of `moov`.
    compared: usize,
    pub(crate) fault: Option<Noted>,
    pub(crate) notes: Notes,
    /// Whether reading goes on after the operator's policy has been violated: a preflight tells all
    /// that is against a video, an upload ends at the first.
    pub(crate) thorough: bool,
    /// What is against the video by policy, where reading went on.
    pub(crate) objections: Vec<Noted>,
    /// Whether boxes before this place are not known, so that media may lie there.
    pub(crate) has_gap: bool,
}

/// Where readers put their notes.
pub(crate) struct Notepad<'a> {
    notes: &'a mut Notes,
    after: u64,
}

impl Notepad<'_> {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.notes.add(self.after, finding);
    }
}

impl Content {
    /// Reads a box that is there in whole. After a fault nothing more is read.
    pub(crate) fn read(&mut self, context: &Context, closed: &Closed, bytes: &[u8]) {
        if self.fault.is_some() {
            self.not_the_end(context, closed);
            return;
        }
        let Closed { start, extent } = closed;
        if start.kind.0 == *b"uuid" {
            self.c2pa |= is_c2pa(bytes);
            return;
        }
        if start.kind.0 == *b"mfra" {
            if let Some(doubt) = hints::mfra_size(closed, bytes) {
                self.notes.add(extent.end, doubt);
            }
            return;
        }
        let read = Boxed::to_end(bytes, extent.start).and_then(|found| match &start.kind.0 {
            b"ftyp" => self.ftyp(context, found),
            b"moov" => self.moov(context, found),
            _ => self.moof(context, start, found),
        });
        let path = |at| path::within(start.path(), bytes, extent.start, at);
        self.notes.place(path);
        for Noted { finding, .. } in &mut self.objections {
            let found = finding.path.take().or_else(|| finding.at.and_then(path));
            finding.path = found;
        }
        self.fragments.place(path);
        if let Err(finding) = read {
            let found = finding.at.and_then(path);
            let end_missing = self.fragments.cut_after.is_some();
            let fault = Noted::new(finding.within(found), extent.end);
            self.fault = Some(Noted { end_missing, ..fault });
        }
    }

    /// A fragment follows one whose media goes past the end of the file: that was not the last, so
    /// the recording was not just broken off.
    fn not_the_end(&mut self, context: &Context, closed: &Closed) {
        let is_borne = truncated::is_borne(self, context.mdats, context.rules);
        let fault = self.fault.as_mut().filter(|fault| fault.end_missing && is_borne);
        if let (Some(fault), b"moof") = (fault, &closed.start.kind.0) {
            (fault.end_missing, fault.after) = (false, closed.extent.end);
        }
    }

    fn ftyp(&mut self, context: &Context, ftyp: Boxed) -> Result<(), Finding> {
        if !self.brands.is_empty() {
            return Ok(()); // the first one counts
        }
        self.brands = brands::read(ftyp)?;
        brands::unsupported(&self.brands, ftyp.at)?;
        let mut notepad = Notepad { notes: &mut self.notes, after: ftyp.end() };
        let judged = brands::quicktime(&self.brands, ftyp.at, context.rules, &mut notepad);
        self.object(ftyp, judged.err())
    }

    fn moov(&mut self, context: &Context, moov: Boxed) -> Result<(), Finding> {
        nesting::check(moov)?;
        let mut notepad = Notepad { notes: &mut self.notes, after: moov.end() };
        let Found { movie, runs, units } = movie::read(moov, context, &mut notepad)?;
        let movie = self.movie.insert(movie);
        self.runs = runs;
        policy::doubts(movie, &mut notepad);
        let against = policy::of_movie(movie, context.rules);
        if (against.is_empty() || self.thorough)
            && let Some(doubt) = compare::differs(moov, movie)
        {
            notepad.add(doubt);
        }
        self.object(moov, against)?;
        if !self.has_gap {
            self.runs.inside_mdats_before(moov.at, context.mdats)?;
        }
        self.walk_over(&units, moov, context);
        Ok(())
    }

    /// Check 32, as early as it is certain: the samples of `moov` lie in the `mdat` boxes begun so
    /// far, or behind them. A fault counts from the header that shows it. Only those before `until`
    /// are looked at, where the next box is that is still to be read: its faults would count.
    pub(crate) fn look_at_media(&mut self, seen: &Seen, until: u64) {
        let (Some(_), Some(moov), false) = (&self.movie, &seen.moov, self.has_gap) else { return };
        while let Some(mdat) = seen.mdats.get(self.compared).filter(|mdat| mdat.start < until) {
            let after = mdat.start.max(moov.end);
            let begun = seen.mdats.get(..=self.compared).unwrap_or_default();
            if let Err(finding) = self.runs.inside_last(begun)
                && self.fault.as_ref().is_none_or(|fault| after < fault.after)
            {
                self.fault = Some(Noted::new(finding, after));
                return;
            }
            self.compared = self.compared.saturating_add(1);
        }
    }

    /// Refuses for the first of what is against the video; thorough, it only keeps them all.
    fn object(
        &mut self,
        read: Boxed,
        against: impl IntoIterator<Item = Finding>,
    ) -> Result<(), Finding> {
        for finding in against {
            if !self.thorough {
                return Err(finding);
            }
            self.objections.push(Noted::new(finding, read.end()));
        }
        Ok(())
    }

    /// Check 41 of what `moov` lists. What is kept for it and for check 33 stays below twice
    /// `moov`, so that with `moov` itself the heap stays below three times (S39). Only chunks that
    /// are scattered on purpose come near that: those are not walked over.
    fn walk_over(&mut self, units: &[(Samples, u8)], moov: Boxed, context: &Context) {
        let room = length(moov.body).saturating_mul(2).max(SMALL);
        let mut taken = self.runs.heap();
        for (samples, prefix) in units {
            taken = taken.saturating_add(samples.heap());
            if context.rules.nal_chain != NalChain::Off && taken <= room {
                self.walk.add(Layout::of_track(samples, *prefix), moov.end());
            }
        }
    }

    fn moof(&mut self, context: &Context, start: &Start, moof: Boxed) -> Result<(), Finding> {
        nesting::check(moof)?;
        let Some(movie) = &mut self.movie else { return Ok(()) };
        let mut notepad = Notepad { notes: &mut self.notes, after: moof.end() };
        let pieces = self.fragments.read(start, moof, movie, context, &mut notepad)?;
        if context.rules.nal_chain != NalChain::Off {
            self.walk.add_fragment(pieces, moof.end());
        }
        Ok(())
    }
}

/// Whether the beginning of a `uuid` box is that of a C2PA manifest. Its rest is not looked at.
fn is_c2pa(header: &[u8]) -> bool {
    let mut fields = Fields::new(header);
    let short = fields.u32();
    let wide = if short == Some(1) { 8 } else { 0 };
    fields.skip(4).and_then(|()| fields.skip(wide)).is_some() && fields.rest().starts_with(&C2PA)
}
