//! The path of a position in the tree of boxes, such as `moov/trak[2]/mdia/minf/stbl`.
//!
//! It is derived from the position alone after a check has failed, so no check has to know where it
//! is. The walk is lenient because the boxes may be damaged.

use std::iter;

use super::fields::{in_memory, length};
use super::header::BoxHeader;
use super::kind::FourCc;
use super::nesting::{self, MAX_DEPTH};

/// The most segments: a box that lies too deep is one below the deepest that is accepted.
const MAX_SEGMENTS: usize = MAX_DEPTH + 1;

/// The path of the innermost box that holds the position `at` or begins there, in the top-level box
/// `root` that begins at `start`. `None` outside of it.
pub(crate) fn locate(root: String, bytes: &[u8], start: u64, at: u64) -> Option<String> {
    let inside = at.checked_sub(start).filter(|offset| *offset < length(bytes))?;
    let mut path = root;
    let mut node = Node::parse(bytes)?;
    let mut offset = in_memory(inside);
    for _ in 1..MAX_SEGMENTS {
        let Some((segment, inner, left)) = node.child_at(offset) else { break };
        path.push('/');
        path.push_str(&segment);
        (node, offset) = (inner, left);
    }
    Some(path)
}

/// The name of a box among its siblings; `number` counts those of its type from 1.
pub(crate) fn segment(kind: FourCc, number: u64, numbered: bool) -> String {
    if numbered { format!("{kind}[{number}]") } else { kind.to_string() }
}

/// A box of which bytes may be missing. A wrong size counts as "to the end of the parent".
#[derive(Clone, Copy)]
struct Node<'a> {
    kind: FourCc,
    /// The whole box, header included.
    bytes: &'a [u8],
    header_length: usize,
}

impl<'a> Node<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header = BoxHeader::parse(bytes)?;
        let size = Some(header.size()).filter(|size| *size >= header.length());
        let bytes = size.and_then(|size| bytes.get(..in_memory(size))).unwrap_or(bytes);
        Some(Self { kind: header.kind, bytes, header_length: in_memory(header.length()) })
    }

    /// The child that contains the byte at an offset: its path segment, the child, and the offset
    /// in it.
    fn child_at(&self, offset: usize) -> Option<(String, Node<'a>, usize)> {
        let mut children = self.children()?;
        let all = children.clone();
        let (begin, child) = children.find(|(begin, child)| {
            (*begin..begin.saturating_add(child.bytes.len())).contains(&offset)
        })?;
        let siblings = all.filter(|(_, other)| other.kind == child.kind);
        let number = siblings.clone().take_while(|(other, _)| *other <= begin).count();
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        let numbered = siblings.count() > 1;
        Some((segment(child.kind, number, numbered), child, offset.saturating_sub(begin)))
    }

    /// The children, each with its offset in this box.
    fn children(&self) -> Option<impl Iterator<Item = (usize, Node<'a>)> + Clone + use<'a>> {
        let body = self.bytes.get(self.header_length..).unwrap_or_default();
        let fields = nesting::fields_before_children(self.kind, body)?;
        let (all, first) = (self.bytes, self.header_length.checked_add(fields)?);
        let end = |(begin, child): &(usize, Self)| begin.checked_add(child.bytes.len());
        let parse = move |begin: usize| Some((begin, Node::parse(all.get(begin..)?)?));
        Some(iter::successors(parse(first), move |last| parse(end(last)?)))
    }
}
