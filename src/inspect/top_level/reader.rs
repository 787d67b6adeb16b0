//! The reader of the top level. It checks headers, keeps positions, and counts payload.

use std::sync::Arc;

use super::checks;
use super::first_box;
use super::header::{HeaderContext, TopLevelHeader, TopLevelIndex};
use super::tail::Tail;
use crate::inspect::boxes::{
    Checked, Extent, LONG_HEADER, SHORT_HEADER, ensure, in_memory, length,
};
use crate::inspect::notes::{NoteList, TimedFinding};
use crate::inspect::settings::Config;
use crate::model::{Check, Finding};

#[derive(Clone)]
enum State {
    /// Collecting a header.
    Header,
    /// Inside a box. `end` is `None` if it runs to the end of a file of unknown length.
    Inside { header: TopLevelHeader, end: Option<u64> },
    /// After the last box.
    Tail(Tail),
    /// A check has failed; nothing is checked any more.
    Stopped,
}

#[derive(Clone)]
pub(crate) struct TopLevelReader {
    context: HeaderContext,
    fault: Option<TimedFinding>,
    /// The bytes of the header that is being collected.
    partial: Vec<u8>,
    state: State,
    /// Whether the bytes after the last box are no media that has moved, once that is known.
    tail_is_foreign: Option<bool>,
}

/// A box that has been passed to its end. `extent` may be narrowed to the part that is parsed.
#[derive(Clone)]
pub(crate) struct PassedBox {
    pub(crate) header: TopLevelHeader,
    pub(crate) extent: Extent,
}

impl TopLevelReader {
    pub(crate) fn new(rules: Arc<Config>) -> Self {
        let (index, notes) = (TopLevelIndex::default(), NoteList::default());
        let context =
            HeaderContext { rules, declared: None, max_length: None, position: 0, index, notes };
        Self {
            context,
            fault: None,
            partial: Vec::new(),
            state: State::Header,
            tail_is_foreign: None,
        }
    }

    pub(crate) fn position(&self) -> u64 {
        self.context.position
    }

    pub(crate) fn declared_length(&self) -> Option<u64> {
        self.context.declared
    }

    /// The length of the file, or its upper limit, if either is known.
    pub(crate) fn length_limit(&self) -> Option<u64> {
        self.context.length_limit()
    }

    pub(crate) fn index(&self) -> &TopLevelIndex {
        &self.context.index
    }

    pub(crate) fn fault(&self) -> Option<&TimedFinding> {
        self.fault.as_ref()
    }

    pub(crate) fn clear_fault(&mut self) {
        self.fault = None;
    }

    pub(crate) fn notes(&self) -> &NoteList {
        &self.context.notes
    }

    /// Adds a note that is certain after the bytes read so far.
    pub(crate) fn note(&mut self, finding: Finding) {
        self.context.note(finding);
    }

    /// Reads on until a box ends; returns it and what is left of `bytes`.
    pub(crate) fn read<'b>(&mut self, mut bytes: &'b [u8]) -> (Option<PassedBox>, &'b [u8]) {
        loop {
            // Also without bytes: a box may be empty, or end at a length that was just declared.
            if let Some(passed) = self.leave_box() {
                return (Some(passed), bytes);
            }
            if bytes.is_empty() {
                return (None, bytes);
            }
            bytes = self.step(bytes);
        }
    }

    fn step<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        match self.state {
            State::Header => self.collect(bytes),
            State::Inside { end, .. } => {
                let left = end.unwrap_or(u64::MAX).saturating_sub(self.context.position);
                self.advance(bytes, in_memory(left)).1
            }
            State::Tail(ref tail) => {
                let tail = tail.clone().and(bytes);
                self.advance(bytes, usize::MAX);
                self.set_tail(tail);
                &[]
            }
            State::Stopped => self.advance(bytes, usize::MAX).1,
        }
    }

    /// Takes at most `count` bytes; returns them and the rest.
    fn advance<'b>(&mut self, bytes: &'b [u8], count: usize) -> (&'b [u8], &'b [u8]) {
        let (taken, rest) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
        self.skip(length(taken));
        (taken, rest)
    }

    /// Collects the bytes of a header, and checks it as soon as there are enough of them.
    fn collect<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let collected = length(&self.partial);
        let needed = if collected < SHORT_HEADER { SHORT_HEADER } else { LONG_HEADER };
        let (taken, rest) = self.advance(bytes, in_memory(needed.saturating_sub(collected)));
        self.partial.extend_from_slice(taken);
        if length(&self.partial) == needed
            && let Err(finding) = self.check_header()
        {
            self.fail(self.context.position, finding);
        }
        rest
    }

    /// `TRAILING_BYTES`, as early as it is certain: There are not too many bytes after the last box.
    fn set_tail(&mut self, tail: Tail) {
        let limit = self.context.rules.max_trailing;
        let too_long_after = tail.too_long_after(self.context.declared, limit);
        let finding = tail.refusal();
        self.state = State::Tail(tail);
        if let Some(after) = too_long_after {
            self.fail(after, finding);
        }
    }

    fn check_header(&mut self) -> Checked {
        let at = self.partial_start();
        let found = TopLevelHeader::parse(&self.partial, at, &self.context.index);
        let Some(found) = found else { return Ok(()) };
        if checks::is_tail(&self.context, &found, &self.partial) {
            let bytes = std::mem::take(&mut self.partial);
            self.set_tail(Tail::new(at, &bytes, self.context.index.fragments > 0));
            return Ok(());
        }
        let is_first_look = length(&self.partial) == SHORT_HEADER;
        if is_first_look {
            check_kind(&self.context, &found)?;
        }
        if found.header.is_incomplete() {
            return checks::partial_header(&self.context, &found); // eight more bytes
        }
        let size = check_size(&mut self.context, &found)?;
        let end = size.map(|size| at.saturating_add(size)).or(self.context.declared);
        self.context.index.add(&found, end);
        self.partial.clear();
        self.state = State::Inside { header: found, end };
        Ok(())
    }

    /// Leaves the current box if its end has been reached, and returns it.
    fn leave_box(&mut self) -> Option<PassedBox> {
        let State::Inside { header, end: Some(end) } = self.state else { return None };
        if self.context.position < end {
            return None;
        }
        self.state = State::Header;
        Some(PassedBox { header, extent: header.at..end })
    }

    fn fail(&mut self, after: u64, finding: Finding) {
        self.fault.get_or_insert_with(|| TimedFinding::new(finding, after));
        self.state = State::Stopped;
    }

    /// Sets the length of the file: it ends the boxes that run to the end of the file, and the
    /// current box is checked against it.
    pub(crate) fn set_length(&mut self, declared: u64) {
        self.context.declared = Some(declared);
        if declared == 0 {
            self.fail(0, empty());
        }
        if self.context.position > declared {
            self.fail(self.context.position, checks::length_mismatch(declared));
        }
        let State::Inside { header, end } = self.state else { return };
        let size = end.unwrap_or(declared).saturating_sub(header.at);
        self.state = State::Inside { header, end: Some(header.at.saturating_add(size)) };
        self.context.index.close_open_extents(declared);
        let checked = checks::too_large(&self.context, &header, size)
            .and_then(|()| checks::beyond_end(&self.context, &header, size));
        if let Err(finding) = checked {
            self.fail(self.context.position, finding);
        }
    }

    pub(crate) fn set_max_length(&mut self, length: u64) {
        self.context.max_length = Some(length);
    }

    /// Counts bytes beyond the declared end of the file, and fails with `LENGTH_MISMATCH`.
    pub(crate) fn reject_excess(&mut self, end: u64, count: usize) {
        self.skip(u64::try_from(count).unwrap_or(u64::MAX));
        self.fail(end.saturating_add(1), checks::length_mismatch(end));
    }

    /// The file ends at the current position.
    pub(crate) fn end_file(&mut self) {
        self.context.index.close_open_extents(self.context.position);
    }

    /// How many of the next bytes belong to the part of a box that is not read.
    pub(crate) fn skippable(&self) -> u64 {
        match self.state {
            State::Inside { header, end } if self.context.position >= header.read_end() => {
                end.unwrap_or(u64::MAX).saturating_sub(self.context.position)
            }
            _ => 0,
        }
    }

    /// Counts bytes without reading them.
    pub(crate) fn skip(&mut self, count: u64) {
        self.context.position = self.context.position.saturating_add(count);
    }

    /// Continues at the box at `to`, as if only complete boxes without faults lay between. Possible
    /// only between boxes and after `ftyp`; returns whether it was.
    pub(crate) fn jump(&mut self, to: u64) -> bool {
        let may = matches!(self.state, State::Header)
            && self.context.index.ftyp
            && to > self.context.position;
        if may {
            self.partial.clear();
            self.context.position = to;
            self.context.index.has_gap = true;
        }
        may
    }

    /// The box that goes on past the current position, with its end if that is known.
    pub(crate) fn unfinished_box(&self) -> Option<(TopLevelHeader, u64)> {
        match self.state {
            State::Inside { header, end: Some(end) } if end > self.context.position => {
                Some((header, end))
            }
            _ => None,
        }
    }

    /// The bytes of an unfinished header.
    pub(crate) fn partial_header(&self) -> &[u8] {
        &self.partial
    }

    /// The bytes after the last box of a file that has arrived whole, if it is still unknown
    /// whether they are media that has moved. If `moov` is the last box, nothing can have moved its
    /// end.
    pub(crate) fn unknown_tail(&self) -> Option<Extent> {
        let is_whole = self.context.declared == Some(self.context.position);
        let may_ask = is_whole && self.tail_is_foreign.is_none();
        let tail = self.tail().filter(|tail| may_ask && tail.is_unknown())?;
        let index = &self.context.index;
        (index.is_complete() && !index.is_moov_last()).then(|| tail.extent())
    }

    /// Sets whether the bytes after the last box are no media that has moved.
    pub(crate) fn set_tail_foreign(&mut self, is_foreign: bool) {
        self.tail_is_foreign = Some(is_foreign);
    }

    /// The bytes after the last box. Fewer bytes than a header may be one behind a fragment: the
    /// recording was cut off there.
    fn tail(&self) -> Option<Tail> {
        let is_header = self.partial.is_empty() || length(&self.partial) >= SHORT_HEADER;
        match &self.state {
            State::Tail(tail) => Some(tail.clone()),
            State::Header if !is_header && self.context.index.fragments == 0 => {
                Some(Tail::new(self.partial_start(), &self.partial, false))
            }
            _ => None,
        }
    }

    /// `TRAILING_BYTES` and `TRUNCATED`, at the end of the file: the bytes after the last box, or of
    /// an incomplete header.
    pub(crate) fn check_tail(&mut self) -> Checked {
        let at = self.partial_start();
        let index = &self.context.index;
        let tail = match self.tail() {
            Some(tail) if index.boxes > 0 => tail,
            None if self.partial.is_empty() => return Ok(()),
            _ if index.boxes == 0 => {
                let message =
                    "The uploaded file is not an MP4: it is shorter than the smallest box.";
                return Err(Finding::at(Check::NotMp4, at, message));
            }
            _ if length(&self.partial) >= SHORT_HEADER => {
                let path = TopLevelHeader::parse(&self.partial, at, index).map(|it| it.path());
                return Err(
                    Finding::at(Check::Truncated, at, checks::PARTIAL_HEADER).with_path(path)
                );
            }
            _ => Tail::new(at, &self.partial, false),
        };
        let is_foreign = index.is_moov_last() || self.tail_is_foreign == Some(true);
        let note = tail.judge(is_foreign)?;
        ensure(index.is_complete() || tail.is_zeros, || note.clone())?;
        self.note(note);
        Ok(())
    }

    fn partial_start(&self) -> u64 {
        self.context.position.saturating_sub(length(&self.partial))
    }
}

/// `SIZE_LIMIT`: The file has no bytes.
pub(crate) fn empty() -> Finding {
    Finding::whole(Check::SizeLimit, "The uploaded file is empty.")
}

/// The checks that need only the type and the 32-bit size.
fn check_kind(context: &HeaderContext, found: &TopLevelHeader) -> Checked {
    first_box::not_mp4(context, found)?;
    checks::garbage(found)?;
    checks::misplaced(found)?;
    first_box::recording_not_finalised(found)?;
    checks::too_many(context, found)?;
    checks::order(context, found)?;
    checks::open_end(context, found)
}

/// The checks that need the size. Returns the size; `None` for "to the end of the file".
fn check_size(context: &mut HeaderContext, found: &TopLevelHeader) -> Checked<Option<u64>> {
    first_box::recording_not_finalised(found)?;
    first_box::ftyp_missing(context, found)?;
    checks::unknown(context, found);
    let size = checks::size(context, found)?;
    let least = size.or_else(|| Some(context.declared?.saturating_sub(found.at)));
    if let Some(least) = least {
        checks::too_large(context, found, least)?;
        let within_file = checks::beyond_end(context, found, least);
        if within_file.is_err() && found.kind == *b"mdat" {
            let payload = found.payload_start()..found.at.saturating_add(least);
            context.index.truncated_mdat = Some(payload);
        }
        within_file?;
        checks::no_room(context, found, least)?;
    }
    Ok(size)
}
