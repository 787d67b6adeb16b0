//! Checks request heads before hyper reads them.
//!
//! hyper accepts what RFC 9112 lets a server repair: a length next to chunks, equal lengths twice, lines that
//! end in LF alone. A proxy in front may repair it in another way, and then sees other requests than we do
//! (request smuggling). Honest clients never send them, so they are answered 400.
//!
//! The scanner follows the framing of bodies to find the next head, and keeps no byte of them.

/// The longest line with a chunk's size or a trailer.
const MAX_CHUNK_LINE: usize = 8192;

/// Why a head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Violation {
    Malformed,
    TooLong,
}

/// A head that is refused, and how many of the scanned bytes hyper may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) after: usize,
    pub(super) why: Violation,
}

#[derive(Debug)]
pub(super) struct RequestHeadScanner {
    part: Part,
    max_head: usize,
    /// Whether a head has been complete.
    pub(super) has_request: bool,
}

#[derive(Debug)]
enum Part {
    /// The head so far.
    Head(Vec<u8>),
    /// Bytes of a body, or of a chunk, that are left.
    Body {
        left: u64,
        then_chunk: bool,
    },
    /// The line with the size of a chunk, or the line end after its bytes.
    ChunkLine(Vec<u8>),
    Trailers(Vec<u8>),
}

/// How the body after a head is delimited.
#[derive(Debug, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunks,
}

impl RequestHeadScanner {
    pub(super) const fn new(max_head: usize) -> Self {
        Self { part: Part::Head(Vec::new()), max_head, has_request: false }
    }

    /// Scans the next bytes of the connection.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let step = self.step(rest);
            at += step.map_err(|Refused { after, why }| Refused { after: at + after, why })?;
        }
        Ok(())
    }

    /// Scans a part of the bytes, and returns its length.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, Refused> {
        match &mut self.part {
            Part::Head(_) => self.head(bytes),
            Part::Body { left, then_chunk } => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= length as u64;
                if *left == 0 {
                    self.part = if *then_chunk {
                        Part::ChunkLine(Vec::new())
                    } else {
                        Part::Head(Vec::new())
                    };
                }
                Ok(length)
            }
            Part::ChunkLine(line) => {
                let (length, is_complete) = add_line(line, bytes)?;
                if is_complete {
                    let line = std::mem::take(line);
                    self.part = after_chunk_line(&line);
                }
                Ok(length)
            }
            Part::Trailers(line) => {
                let (length, is_complete) = add_line(line, bytes)?;
                if is_complete && line.len() == 2 {
                    self.part = Part::Head(Vec::new());
                } else if is_complete {
                    line.clear();
                }
                Ok(length)
            }
        }
    }

    /// Adds bytes to a head, up to its end. The last byte of a refused head is not passed on.
    fn head(&mut self, bytes: &[u8]) -> Result<usize, Refused> {
        let Part::Head(head) = &mut self.part else { return Ok(0) };
        for (at, byte) in bytes.iter().enumerate() {
            let refused = |why| Refused { after: at, why };
            if head.len() >= self.max_head {
                return Err(refused(Violation::TooLong));
            }
            head.push(*byte);
            if *byte != b'\n' {
                continue;
            }
            if !head.ends_with(b"\r\n") {
                return Err(refused(Violation::Malformed));
            }
            if head.len() == 2 {
                // Empty lines before a request are ignored (RFC 9112, section 2.2).
                head.clear();
            } else if head.ends_with(b"\r\n\r\n") {
                let framing = framing(head).ok_or(refused(Violation::Malformed))?;
                self.has_request = true;
                self.part = match framing {
                    Framing::Length(0) => Part::Head(Vec::new()),
                    Framing::Length(left) => Part::Body { left, then_chunk: false },
                    Framing::Chunks => Part::ChunkLine(Vec::new()),
                };
                return Ok(at + 1);
            }
        }
        Ok(bytes.len())
    }
}

/// Adds bytes to a line, up to its end. Returns their number and whether the line is complete.
fn add_line(line: &mut Vec<u8>, bytes: &[u8]) -> Result<(usize, bool), Refused> {
    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
    line.extend_from_slice(bytes.get(..end).unwrap_or_default());
    let is_complete = line.ends_with(b"\n");
    let is_bare = is_complete && !line.ends_with(b"\r\n");
    if is_bare || line.len() > MAX_CHUNK_LINE {
        return Err(Refused { after: end.saturating_sub(1), why: Violation::Malformed });
    }
    Ok((end, is_complete))
}

/// What follows the line with a chunk's size. A line without a size is left to hyper, which refuses it.
fn after_chunk_line(line: &[u8]) -> Part {
    let digits: Vec<u8> = line.iter().copied().take_while(u8::is_ascii_hexdigit).collect();
    let size = std::str::from_utf8(&digits).ok().and_then(|hex| u64::from_str_radix(hex, 16).ok());
    match size {
        Some(0) => Part::Trailers(Vec::new()),
        // The line end after the chunk counts as part of it.
        Some(size) => Part::Body { left: size.saturating_add(2), then_chunk: true },
        None => Part::Body { left: u64::MAX, then_chunk: false },
    }
}

/// The framing of the body after this head. `None` if the head is ambiguous.
fn framing(head: &[u8]) -> Option<Framing> {
    let text: &[u8] = head.strip_suffix(b"\r\n\r\n")?;
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let is_old = lines.next()?.ends_with(b"HTTP/1.0");
    let (mut hosts, mut lengths, mut codings) = (0, Vec::new(), Vec::new());
    for line in lines {
        // A line that continues the previous one (obs-fold).
        if line.first().is_none_or(u8::is_ascii_whitespace) {
            return None;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        let value = value.get(1..)?.trim_ascii();
        match name.to_ascii_lowercase().as_slice() {
            b"host" => hosts += 1,
            b"content-length" => lengths.push(value),
            b"transfer-encoding" => codings.push(value),
            _ => {}
        }
    }
    let has_host = hosts == 1 || (is_old && hosts == 0);
    has_host.then_some(())?;
    match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => Some(Framing::Length(0)),
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => Some(Framing::Chunks),
        ([length], []) if length.iter().all(u8::is_ascii_digit) => {
            std::str::from_utf8(length).ok()?.parse().ok().map(Framing::Length)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    fn scan(text: &str, max: usize) -> Result<RequestHeadScanner, Refused> {
        let mut heads = RequestHeadScanner::new(max);
        heads.scan(text.as_bytes()).map(|()| heads)
    }

    #[test]
    fn requests_in_any_pieces_are_followed_to_the_next_head() {
        let sized = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nb\ny\n\n";
        let chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n\
                       5;a=b\r\nb\ny\n\n\r\n0\r\nDigest: x\r\n\r\n";
        let all = format!("\r\n{GET}{sized}{chunked}{GET}GET / HTTP/1.0\r\n\r\n");
        for size in [1, 2, 3, 7, 1000] {
            let mut heads = RequestHeadScanner::new(100);
            for piece in all.as_bytes().chunks(size) {
                heads.scan(piece).unwrap();
            }
            assert!(heads.has_request);
            assert!(matches!(heads.part, Part::Head(head) if head.is_empty()), "{size}");
        }
    }

    #[test]
    fn an_ambiguous_head_is_refused_before_its_last_byte() {
        for lines in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Content-Length: 5\r\nContent-Length: 5",
            "Content-Length: 5, 5",
            "Content-Length: +5",
            "Content-Length:",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: identity",
            "Host: y",
            "X-Folded: a\r\n b",
            "no colon",
        ] {
            let request = format!("POST / HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n");
            let refused = scan(&request, 1000).unwrap_err();
            let expected = Refused { after: request.len() - 1, why: Violation::Malformed };
            assert_eq!(refused, expected, "{lines}");
        }
        assert!(scan("GET / HTTP/1.1\r\n\r\n", 1000).is_err(), "no Host");
        assert!(scan("GET / HTTP/1.1\nHost: x\n\n", 1000).is_err(), "bare LF");
    }

    #[test]
    fn a_head_ends_at_the_documented_size() {
        assert!(scan(GET, GET.len()).unwrap().has_request);
        let refused = scan(GET, GET.len() - 1).unwrap_err();
        assert_eq!(refused, Refused { after: GET.len() - 1, why: Violation::TooLong });
    }
}
