//! The parsed boxes: `ftyp`, `moov`, `moof`, and the parts of `uuid` and `mfra` that are read.

use sha2::{Digest as _, Sha256};

use super::boxes::{
    BoxHeader, Checked, Extent, FourCc, Mp4Box, ensure, in_memory, length, nesting, path,
};
use super::context::Context;
use super::media::layout::SampleCursor;
use super::media::nal::NalCheck;
use super::moof::fragments::Fragments;
use super::moof::hints;
use super::moov::chunk_extents::ChunkExtents;
use super::moov::codec_config::NalFormat;
use super::moov::movie::{self, Movie, ParsedMoov};
use super::moov::sample_tables::SampleTables;
use super::moov::{brands, policy};
use super::notes::{NoteList, TimedFinding, set_path};
use super::second_parser::compare;
use super::settings::{Config, NalChain, TruncatedRecording};
use super::top_level::header::{TopLevelHeader, TopLevelIndex};
use super::top_level::reader::PassedBox;
use crate::model::{Check, Finding};

/// The beginning of a `uuid` box with a C2PA manifest (C2PA Technical Specification, "Embedding
/// manifests into BMFF-based assets").
const C2PA: [u8; 16] = *b"\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81";

/// Tables this small are always kept: they take less than the rest of a scanner.
const SMALL: u64 = 32 * 1024;

#[derive(Clone, Default)]
pub(crate) struct ParsedBoxes {
    brands: Vec<FourCc>,
    /// The hash of `moov`, to recognise a second one.
    moov_hash: Option<[u8; 32]>,
    movie: Option<Movie>,
    /// Where the samples of `moov` lie.
    extents: ChunkExtents,
    fragments: Fragments,
    nal_check: NalCheck,
    has_c2pa: bool,
    /// How many `mdat` boxes have been compared with the samples of `moov`.
    compared_mdats: usize,
    fault: Option<TimedFinding>,
    notes: NoteList,
    /// Whether parsing continues after a violation of the policy. A preflight reports all
    /// violations, an upload ends at the first.
    collects_violations: bool,
    /// The violations so far, if they are collected.
    violations: Vec<TimedFinding>,
    /// Whether a preview has jumped over boxes. Media may be in them.
    has_gap: bool,
}

impl ParsedBoxes {
    /// Continues after violations of the policy; [`Self::take_violations`] returns them.
    pub(crate) fn collecting_violations() -> Self {
        Self { collects_violations: true, ..Self::default() }
    }

    /// Records that boxes before the next one are missing.
    pub(crate) fn set_gap(&mut self) {
        self.has_gap = true;
    }

    pub(crate) fn brands(&self) -> &[FourCc] {
        &self.brands
    }

    pub(crate) fn movie(&self) -> Option<&Movie> {
        self.movie.as_ref()
    }

    pub(crate) fn extents(&self) -> &ChunkExtents {
        &self.extents
    }

    pub(crate) fn is_fragmented(&self) -> bool {
        self.fragments.whole > 0
    }

    /// Whether the file has a C2PA manifest, a statement of its provenance.
    pub(crate) fn has_c2pa(&self) -> bool {
        self.has_c2pa
    }

    /// Whether the samples of the picture consist of NAL units.
    pub(crate) fn has_nal_units(&self) -> bool {
        self.movie.as_ref().and_then(Movie::video).is_some_and(|track| track.nal_format().is_some())
    }

    pub(crate) fn nal_check(&self) -> &NalCheck {
        &self.nal_check
    }

    pub(crate) fn nal_check_mut(&mut self) -> &mut NalCheck {
        &mut self.nal_check
    }

    pub(crate) fn fault(&self) -> Option<&TimedFinding> {
        self.fault.as_ref()
    }

    pub(crate) fn notes(&self) -> &NoteList {
        &self.notes
    }

    pub(crate) fn take_violations(&mut self) -> Vec<TimedFinding> {
        std::mem::take(&mut self.violations)
    }

    /// How many bytes of media are used.
    pub(crate) fn used_media(&self) -> u64 {
        self.extents.total().saturating_add(self.fragments.bytes)
    }

    /// The end of the last sample in `moov` and the complete fragments.
    pub(crate) fn playable_end(&self) -> u64 {
        self.extents.end().max(self.fragments.end)
    }

    /// The heap size of the tables that are kept, in bytes.
    pub(crate) fn heap_bytes(&self) -> u64 {
        self.extents.heap_bytes().saturating_add(self.nal_check.heap_bytes())
    }

    /// Parses a box that has passed. After a fault no further box is parsed.
    pub(crate) fn read(&mut self, context: Context, passed: &PassedBox, bytes: &[u8]) {
        let PassedBox { header, extent } = passed;
        match &header.kind.0 {
            _ if self.fault.is_some() => self.reconsider_fault(&context, passed),
            b"uuid" => self.has_c2pa |= is_c2pa(bytes),
            b"mfra" => {
                if let Some(note) = hints::mfra_size(passed, bytes) {
                    self.notes.add(extent.end, note);
                }
            }
            _ => self.read_checked(context, header, extent, bytes),
        }
    }

    fn read_checked(
        &mut self,
        mut context: Context,
        header: &TopLevelHeader,
        extent: &Extent,
        bytes: &[u8],
    ) {
        context.notes = std::mem::take(&mut self.notes);
        let read =
            Mp4Box::parse_top_level(bytes, extent.start).and_then(|found| match &header.kind.0 {
                b"ftyp" => self.read_ftyp(found, &mut context),
                b"moov" => self.read_moov(header, found, &mut context),
                _ => self.read_moof(header, found, &mut context),
            });
        self.notes = context.notes;
        let path = |at| path::locate(header.path(), bytes, extent.start, at);
        self.notes.set_paths(path);
        self.violations.iter_mut().for_each(|violation| set_path(&mut violation.finding, path));
        self.fragments.set_paths(path);
        if let Err(mut finding) = read {
            set_path(&mut finding, path);
            let end_missing = self.fragments.truncated_after.is_some();
            let fault = TimedFinding::new(finding, extent.end);
            self.fault = Some(TimedFinding { end_missing, ..fault });
        }
    }

    /// Looks at a box after a fault. If a `moof` follows a fragment whose media goes past the end
    /// of the file, that fragment was not the last one: the recording was not merely truncated, and
    /// the fault is not tolerated.
    fn reconsider_fault(&mut self, context: &Context, passed: &PassedBox) {
        let is_tolerated = self.tolerates_missing_end(context.mdats, context.rules);
        let fault = self.fault.as_mut().filter(|fault| fault.end_missing && is_tolerated);
        if let (Some(fault), b"moof") = (fault, &passed.header.kind.0) {
            (fault.end_missing, fault.after) = (false, passed.extent.end);
        }
    }

    /// Whether a fault that a missing end explains is tolerated: the operator accepts truncated
    /// recordings, and the file has video samples in `moov` or in complete fragments.
    pub(crate) fn tolerates_missing_end(&self, mdats: &[Extent], rules: &Config) -> bool {
        let movie = self.movie.as_ref().filter(|movie| movie.has_mvex);
        rules.cut_recording == TruncatedRecording::Accept
            && movie.is_some_and(|movie| self.fragments.has_pictures(movie, mdats))
    }

    fn read_ftyp(&mut self, ftyp: Mp4Box, context: &mut Context) -> Checked {
        if !self.brands.is_empty() {
            return Ok(()); // the first one counts
        }
        self.brands = brands::read(ftyp, context);
        brands::unsupported(&self.brands, ftyp.at, context)?;
        let quicktime = brands::quicktime(&self.brands, ftyp.at, context);
        self.apply_policy(quicktime.err(), context.after)
    }

    fn read_moov(
        &mut self,
        header: &TopLevelHeader,
        moov: Mp4Box,
        context: &mut Context,
    ) -> Checked {
        let hash = Sha256::digest(moov.body).into();
        if let Some(first) = self.moov_hash.replace(hash) {
            return read_second_moov(first == hash, header, context);
        }
        nesting::check(moov, |spare| context.note(spare))?;
        let ParsedMoov { movie, extents, nal_tracks } = movie::read(moov, context)?;
        let movie = self.movie.insert(movie);
        self.extents = extents;
        for contradiction in policy::contradictions(movie) {
            context.note(contradiction);
        }
        let violations = policy::violations(movie, context.rules);
        if (violations.is_empty() || self.collects_violations)
            && let Some(note) = compare::disagreement(moov, movie)
        {
            context.note(note);
        }
        self.apply_policy(violations, context.after)?;
        if !self.has_gap {
            self.extents.check_inside_mdats_before(moov.at, context.mdats)?;
        }
        if context.rules.nal_chain != NalChain::Off {
            self.check_nal_units(&nal_tracks, moov);
        }
        Ok(())
    }

    fn read_moof(
        &mut self,
        header: &TopLevelHeader,
        moof: Mp4Box,
        context: &mut Context,
    ) -> Checked {
        nesting::check(moof, |spare| context.note(spare))?;
        let Some(movie) = &mut self.movie else { return Ok(()) };
        let samples = self.fragments.read(header, moof, movie, context)?;
        if context.rules.nal_chain != NalChain::Off {
            self.nal_check.add_fragment(samples, moof.end());
        }
        Ok(())
    }

    /// Refuses for the first violation, or collects them all.
    fn apply_policy(
        &mut self,
        violations: impl IntoIterator<Item = Finding>,
        after: u64,
    ) -> Checked {
        for violation in violations {
            if !self.collects_violations {
                return Err(violation);
            }
            self.violations.push(TimedFinding::new(violation, after));
        }
        Ok(())
    }

    /// `NAL_CHAIN`, for the samples of `moov`. The tables that are kept for it, together with the
    /// chunk extents, take at most twice the size of `moov`, so that with `moov` itself the heap
    /// stays below three times that size. Tracks above this limit are not checked; only chunks that
    /// are scattered on purpose reach it.
    fn check_nal_units(&mut self, tracks: &[(SampleTables, NalFormat)], moov: Mp4Box) {
        let limit = length(moov.body).saturating_mul(2).max(SMALL);
        let mut taken = self.extents.heap_bytes();
        for (tables, format) in tracks {
            taken = taken.saturating_add(tables.heap_bytes());
            if taken <= limit {
                let samples = SampleCursor::of_track(tables, *format);
                self.nal_check.add_track(samples, moov.end());
            }
        }
    }

    /// `SAMPLE_OUTSIDE_MDAT`, as early as it is certain: No sample of `moov` lies between the
    /// `mdat` boxes that have begun, or goes past the end of one. The fault is certain at the
    /// header that shows it. Only `mdat` boxes before `until`, the position of the next pending
    /// box, are compared, because the faults of that box come first.
    pub(crate) fn compare_mdats(&mut self, index: &TopLevelIndex, until: u64) {
        let (Some(_), Some(moov), false) = (&self.movie, &index.moov, self.has_gap) else { return };
        let mdats = &index.mdats;
        while let Some(mdat) = mdats.get(self.compared_mdats).filter(|mdat| mdat.start < until) {
            let after = mdat.start.max(moov.end);
            let begun = mdats.get(..=self.compared_mdats).unwrap_or_default();
            if let Err(finding) = self.extents.check_inside_last(begun)
                && self.fault.as_ref().is_none_or(|fault| after < fault.after)
            {
                self.fault = Some(TimedFinding::new(finding, after));
                return;
            }
            self.compared_mdats = self.compared_mdats.saturating_add(1);
        }
    }

    /// `MOOF_WITHOUT_MDAT`, `SAMPLE_OUTSIDE_MDAT` and `TABLE_SIZE`, at the end of the file: The
    /// last fragment has its media, and no fragment claims more samples than the file can hold.
    /// Then the last fragment is counted.
    pub(crate) fn finish_fragments(&mut self, mdats: &[Extent], file_length: u64) -> Checked {
        self.fragments.check_media(mdats, u64::MAX)?;
        self.fragments.check_claim(file_length)?;
        if let Some(movie) = &mut self.movie {
            self.fragments.count_last(movie);
        }
        Ok(())
    }

    /// Drops the last fragment if its media is incomplete, and returns the end of its `moof`.
    pub(crate) fn drop_truncated_fragment(
        &mut self,
        whole_mdats: &[Extent],
        file_length: u64,
    ) -> Option<u64> {
        let dropped = self.fragments.drop_truncated(whole_mdats, file_length);
        dropped.or(self.fragments.truncated_after)
    }

    /// Clears the fault and the notes of the dropped fragment, whose `moof` ended at `dropped`.
    /// Also clears a NAL fault that became certain after that `moof`, or after the reader of the
    /// top level had stopped at `stopped`.
    pub(crate) fn clear_fault(&mut self, dropped: Option<u64>, stopped: Option<u64>) {
        if let Some(after) = dropped {
            self.notes.remove_at(after);
        }
        if let Some(after) = dropped.into_iter().chain(stopped).min() {
            self.nal_check.remove_fault_after(after);
        }
        self.fault = None;
    }

    /// `CODEC_CONFIG_MISSING`: The parameter sets of the video track are in its configuration or in the
    /// samples. Without them no decoder can start. (ISO 14496-15 §5.3.1)
    pub(crate) fn check_parameter_sets(&self) -> Checked {
        let entry = self.movie.as_ref().and_then(|movie| movie.video()?.sample_entry.as_ref());
        let entry = entry.filter(|entry| entry.nal_format.is_some_and(|format| format.needs_sets));
        let Some(entry) = entry.filter(|_| self.nal_check.lacks_sets()) else { return Ok(()) };
        let message = format!(
            "The sample entry `{}` at byte {} has no parameter sets, and no picture has any, so the \
             picture cannot be decoded.",
            entry.kind, entry.at
        );
        Err(Finding::at(Check::CodecConfigMissing, entry.at, message)
            .with_path(Some("moov".to_owned())))
    }

    /// `NO_FRAGMENTS` and `NO_SAMPLES`: A file with `mvex` has video samples, in `moov` or in its
    /// fragments. Without them it is only the beginning of a stream.
    pub(crate) fn check_has_samples(&self, index: &TopLevelIndex) -> Checked {
        let Some(movie) = self.movie.as_ref().filter(|movie| movie.has_mvex) else { return Ok(()) };
        if movie.video().is_some_and(|track| track.bytes > 0) {
            return Ok(());
        }
        let (check, message) = if index.fragments == 0 {
            let message = "The file is only the beginning of a stream, without any picture.";
            (Check::NoFragments, message)
        } else {
            (Check::NoSamples, "None of the fragments of the file has a picture.")
        };
        Err(Finding::at(check, movie.at, message).with_path(Some("moov".to_owned())))
    }
}

/// `MOOV_DUPLICATE`: A second `moov` is identical to the first, which is only noted. With two
/// different ones, players disagree on which one counts. (ISO 14496-12 §8.2.1)
fn read_second_moov(is_same: bool, header: &TopLevelHeader, context: &mut Context) -> Checked {
    let what =
        if is_same { "is a copy of the first one" } else { "is not the same as the first one" };
    let finding = header.finding(Check::MoovDuplicate, what);
    ensure(is_same, || finding.clone())?;
    context.note(finding);
    Ok(())
}

/// Whether a `uuid` box begins like a C2PA manifest. The rest is not read.
fn is_c2pa(bytes: &[u8]) -> bool {
    let header = BoxHeader::parse(bytes);
    let uuid = header.and_then(|header| bytes.get(in_memory(header.length())..));
    uuid.is_some_and(|uuid| uuid.starts_with(&C2PA))
}
