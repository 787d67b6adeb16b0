//! What an honest client does before it sends a video: it looks for `moov`, and asks.

/// Where `moov` lies in a file, and its bytes, as far as they are there: found by walking from header
/// to header.
pub(crate) fn moov_of(file: &[u8]) -> Option<(usize, &[u8])> {
    let mut at = 0;
    loop {
        let header = file.get(at..at + 8)?;
        let short = u32::from_be_bytes(header[..4].try_into().unwrap());
        let size = match short {
            0 => file.len() - at,
            1 => {
                let wide = file.get(at + 8..at + 16)?;
                usize::try_from(u64::from_be_bytes(wide.try_into().unwrap())).ok()?
            }
            short => usize::try_from(short).unwrap(),
        };
        let end = at.checked_add(size.max(8))?;
        if &header[4..] == b"moov" {
            return Some((at, &file[at..end.min(file.len())]));
        }
        at = end;
    }
}
