//! Cursors as opaque texts for clients.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::database::{DayCursor, QueueCursor};

/// In bytes.
const LONGEST_CURSOR: usize = 128;

pub fn encode_queue_cursor(cursor: &QueueCursor) -> String {
    let QueueCursor { due_at, received_at, ref_key } = cursor;
    URL_SAFE_NO_PAD.encode(format!("{due_at} {received_at} {ref_key}"))
}

pub fn decode_queue_cursor(text: &str) -> Option<QueueCursor> {
    let decoded = decode(text)?;
    let mut words = decoded.split(' ');
    let cursor = QueueCursor {
        due_at: words.next()?.parse().ok()?,
        received_at: words.next()?.parse().ok()?,
        ref_key: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some(cursor)
}

pub fn encode_day_cursor(cursor: &DayCursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {}", cursor.at, cursor.id))
}

pub fn decode_day_cursor(text: &str) -> Option<DayCursor> {
    let decoded = decode(text)?;
    let (at, id) = decoded.split_once(' ')?;
    Some(DayCursor { at: at.parse().ok()?, id: id.parse().ok()? })
}

fn decode(text: &str) -> Option<String> {
    if text.len() > LONGEST_CURSOR {
        return None;
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_they_were_written() {
        let ref_key = "646ba713-d1d7-11ec-9405-005056aaa4ae".parse().unwrap();
        let queue = QueueCursor { due_at: -7, received_at: i64::MAX, ref_key };
        assert_eq!(decode_queue_cursor(&encode_queue_cursor(&queue)), Some(queue));
        let day = DayCursor { at: 7, id: "646ba713-d1d7-11ec-9405-005056aaa4ae".parse().unwrap() };
        assert_eq!(decode_day_cursor(&encode_day_cursor(&day)), Some(day));
        for text in ["", "%", "bm90aGluZw", &"A".repeat(200), &encode_day_cursor(&day)] {
            assert_eq!(decode_queue_cursor(text), None, "{text}");
        }
    }
}
