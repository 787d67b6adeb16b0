//! Where in the tree of boxes a position of the file lies, told as a path such as
//! `moov/trak[2]/mdia/minf/stbl`.
//!
//! It is worked out after a check has spoken, from the position alone, so that no check has to know
//! where it stands. The walk is lenient, for what it walks through may be damaged.

use std::iter;

use crate::inspect::boxes::fields::{Fields, in_memory, length};
use crate::inspect::boxes::kind::Kind;
use crate::inspect::boxes::nesting::MAX_DEPTH;
use crate::inspect::moov::codec_config;
use crate::inspect::moov::sample_entry::VISUAL_ENTRY;

/// Steps of a path at most: one below the deepest nesting that is taken, where the trouble with a
/// deeper one begins.
const MAX_STEPS: usize = MAX_DEPTH + 1;

/// The path of the innermost box that holds the position `at` or begins there, in a top-level box
/// that is called `root` and begins at `start`. `None` outside of it.
pub(crate) fn within(root: String, bytes: &[u8], start: u64, at: u64) -> Option<String> {
    let inside = at.checked_sub(start).filter(|offset| *offset < length(bytes))?;
    let mut path = root;
    let mut here = Node::read(bytes)?;
    let mut offset = in_memory(inside);
    for _ in 1..MAX_STEPS {
        let Some((step, inner, left)) = here.child_at(offset) else { break };
        path.push('/');
        path.push_str(&step);
        (here, offset) = (inner, left);
    }
    Some(path)
}

/// The name of a box among its siblings: the `number`-th of a kind, which is told only if it is
/// `told`.
pub(crate) fn step(kind: Kind, number: u64, told: bool) -> String {
    if told { format!("{kind}[{number}]") } else { kind.to_string() }
}

/// A box, as far as it is there: a wrong size is taken for "to the end of the parent".
#[derive(Clone, Copy)]
struct Node<'a> {
    kind: Kind,
    /// Everything of it, header included.
    bytes: &'a [u8],
    /// Bytes of the header.
    header: usize,
}

impl<'a> Node<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        let (short, kind) = (fields.u32()?, fields.kind()?);
        let (claimed, header) = match short {
            1 => (fields.u64().unwrap_or(0), 16),
            short => (u64::from(short), 8),
        };
        let whole = Some(in_memory(claimed)).filter(|size| *size >= header);
        let bytes = whole.and_then(|size| bytes.get(..size)).unwrap_or(bytes);
        Some(Self { kind, bytes, header })
    }

    /// The child that holds the byte at an offset: its step, itself, and the offset in it.
    fn child_at(&self, offset: usize) -> Option<(String, Node<'a>, usize)> {
        let mut children = self.children()?;
        let all = children.clone();
        let (begin, child) = children.find(|(begin, child)| {
            (*begin..begin.saturating_add(child.bytes.len())).contains(&offset)
        })?;
        let siblings = all.filter(|(_, other)| other.kind == child.kind);
        let number = siblings.clone().take_while(|(other, _)| *other <= begin).count();
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        let told = siblings.count() > 1;
        Some((step(child.kind, number, told), child, offset.saturating_sub(begin)))
    }

    /// The children, each with its offset in this box.
    fn children(&self) -> Option<impl Iterator<Item = (usize, Node<'a>)> + Clone + use<'a>> {
        let (all, first) = (self.bytes, self.header.checked_add(self.fixed()?)?);
        let size = |(begin, child): &(usize, Self)| begin.checked_add(child.bytes.len());
        let read = move |begin: usize| Some((begin, Node::read(all.get(begin..)?)?));
        Some(iter::successors(read(first), move |last| read(size(last)?)))
    }

    /// Bytes of fields before the children; `None` for a box that has none.
    fn fixed(&self) -> Option<usize> {
        match &self.kind.0 {
            b"moov" | b"moof" | b"trak" | b"edts" | b"mdia" | b"minf" | b"dinf" | b"stbl"
            | b"mvex" | b"traf" | b"udta" => Some(0),
            b"stsd" | b"dref" => Some(8),
            _ => codec_config::config_kind(self.kind).map(|_| VISUAL_ENTRY),
        }
    }
}
