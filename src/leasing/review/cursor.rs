//! Cursors of the queue and of a day's decisions.

use crate::database::{DayCursor, QueueCursor};
use crate::leasing::cursor;

pub fn encode_queue_cursor(cursor: &QueueCursor) -> String {
    let QueueCursor { due_at, received_at, ref_key } = cursor;
    cursor::encode(format_args!("{due_at} {received_at} {ref_key}"))
}

pub fn decode_queue_cursor(text: &str) -> Option<QueueCursor> {
    let [due_at, received_at, ref_key] = cursor::decode(text)?;
    Some(QueueCursor {
        due_at: due_at.parse().ok()?,
        received_at: received_at.parse().ok()?,
        ref_key: ref_key.parse().ok()?,
    })
}

pub fn encode_day_cursor(cursor: &DayCursor) -> String {
    cursor::encode(format_args!("{} {}", cursor.at, cursor.id))
}

pub fn decode_day_cursor(text: &str) -> Option<DayCursor> {
    let [at, id] = cursor::decode(text)?;
    Some(DayCursor { at: at.parse().ok()?, id: id.parse().ok()? })
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
