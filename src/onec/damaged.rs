//! Finds the parts of a message whose JSON is damaged somewhere, so that one bad item does not stop the
//! others: half of a surrogate pair in a title, bytes that are not UTF-8, a number out of range.
//!
//! Only brackets, quotes and commas are looked at. Every part is parsed strictly afterwards.

/// The members of an object and the elements of an array, as they were sent.
pub(super) struct Span<'b>(pub(super) &'b [u8]);

/// The members of an object in `bytes`, with their keys. `None` if the brackets do not match.
pub(super) fn members(bytes: &[u8]) -> Option<Vec<(&[u8], Span<'_>)>> {
    let mut at = open(bytes, b'{')?;
    let mut members = Vec::new();
    if close(bytes, at, b'}').is_some() {
        return Some(members);
    }
    loop {
        let key_at = skip_blanks(bytes, at);
        let key_end = string_end(bytes, key_at)?;
        let colon = skip_blanks(bytes, key_end);
        (bytes.get(colon) == Some(&b':')).then_some(())?;
        let start = skip_blanks(bytes, colon + 1);
        let end = value_end(bytes, start)?;
        members.push((bytes.get(key_at + 1..key_end - 1)?, Span(bytes.get(start..end)?)));
        match next(bytes, end, b'}')? {
            Next::Another(next) => at = next,
            Next::End => return Some(members),
        }
    }
}

/// The elements of an array in `bytes`. `None` if the brackets do not match, or a comma or an element is missing.
pub(super) fn elements(bytes: &[u8]) -> Option<Vec<Span<'_>>> {
    let mut at = open(bytes, b'[')?;
    let mut elements = Vec::new();
    if close(bytes, at, b']').is_some() {
        return Some(elements);
    }
    loop {
        let start = skip_blanks(bytes, at);
        let end = value_end(bytes, start)?;
        elements.push(Span(bytes.get(start..end)?));
        match next(bytes, end, b']')? {
            Next::Another(next) => at = next,
            Next::End => return Some(elements),
        }
    }
}

enum Next {
    /// The position after the comma.
    Another(usize),
    End,
}

/// What follows a value: a comma, or the closing bracket with nothing but blanks behind it.
fn next(bytes: &[u8], end: usize, closing: u8) -> Option<Next> {
    let at = skip_blanks(bytes, end);
    if bytes.get(at) == Some(&b',') {
        return Some(Next::Another(at + 1));
    }
    close(bytes, at, closing).map(|()| Next::End)
}

fn open(bytes: &[u8], bracket: u8) -> Option<usize> {
    let at = skip_blanks(bytes, 0);
    (bytes.get(at) == Some(&bracket)).then_some(at + 1)
}

/// Whether the closing bracket is next, and the last byte that is not blank.
fn close(bytes: &[u8], at: usize, bracket: u8) -> Option<()> {
    let at = skip_blanks(bytes, at);
    (bytes.get(at) == Some(&bracket) && skip_blanks(bytes, at + 1) == bytes.len()).then_some(())
}

fn skip_blanks(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let blanks = rest.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
    at.saturating_add(blanks)
}

/// The position after a string.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    (bytes.get(at) == Some(&b'"')).then_some(())?;
    let mut at = at + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The position after a value.
fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    match bytes.get(start)? {
        b'"' => string_end(bytes, start),
        b'{' | b'[' => bracket_end(bytes, start),
        _ => {
            let rest = bytes.get(start..)?;
            let length = rest.iter().position(|byte| b",]} \t\r\n".contains(byte))?;
            (length > 0).then_some(start + length)
        }
    }
}

/// The position after the bracket that closes the one at `start`.
fn bracket_end(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = string_end(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(spans: Option<Vec<Span<'_>>>) -> Option<Vec<String>> {
        let text = |span: Span<'_>| String::from_utf8_lossy(span.0).into_owned();
        spans.map(|spans| spans.into_iter().map(text).collect())
    }

    #[test]
    fn parts_are_found_whatever_their_strings_contain() {
        let body = b" {\"a\" : [1, {\"x\": \"}]\\\"\"}, \"\\ud83d\" ] ,\"b\":1e999, \"c\": \"\xff,\n\"}\r\n";
        let found = members(body).unwrap();
        let keys: Vec<_> = found.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, [b"a", b"b", b"c"]);
        let inner = texts(elements(found[0].1.0)).unwrap();
        assert_eq!(inner, ["1", "{\"x\": \"}]\\\"\"}", "\"\\ud83d\""]);
        assert_eq!(found[1].1.0, b"1e999");
        assert!(members(b"{}").unwrap().is_empty() && elements(b" [ ] ").unwrap().is_empty());
    }

    #[test]
    fn a_body_without_a_clear_structure_has_no_parts() {
        for body in ["", "{", "{\"a\":1", "{\"a\" 1}", "{\"a\":1}}", "{\"a\":}", "[1 2]", "[1,]"] {
            assert!(members(body.as_bytes()).is_none(), "{body}");
            assert!(elements(body.as_bytes()).is_none(), "{body}");
        }
        assert!(elements(b"[[1}").is_none());
    }
}
