//! Reading a file into the scanner.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use crate::inspect::{Digests, Scanner};

const BUFFER_SIZE: usize = 64 * 1024;

/// Feeds a file to the scanner until its end or its refusal. Returns the hashes of the bytes read.
pub(in crate::cli) fn scan(file: &mut File, scanner: &mut Scanner) -> io::Result<Digests> {
    let mut digests = Digests::default();
    let mut range_bytes = Vec::new();
    let mut buffer = vec![0; BUFFER_SIZE];
    while scanner.refusal().is_none() {
        let count = file.read(&mut buffer)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        scanner.push(bytes);
        digests.update(scanner, bytes);
        while let Some(range) = scanner.needed_range() {
            read_range(file, &range, &mut range_bytes)?;
            scanner.supply(&range_bytes);
        }
    }
    Ok(digests)
}

/// Reads a range without moving the file's position. The scanner limits a range to
/// `inspect.max_moov`; the outline has a limit of its own.
pub(super) fn read_range(file: &File, range: &Range<u64>, into: &mut Vec<u8>) -> io::Result<()> {
    let length = range.end.saturating_sub(range.start);
    into.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
    file.read_exact_at(into, range.start)
}
