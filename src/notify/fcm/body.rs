//! The body of `messages:send`: notification and data, within FCM's limit.

use std::collections::BTreeMap;

use serde_json::json;

use crate::model::Note;

/// The most FCM takes, in bytes. It counts less than the whole body; we count all of it.
const MOST: usize = 4096;

/// How long the texts may be, tried from the longest: a reason stands in the text and in the data.
const LENGTHS: [usize; 7] = [2000, 1400, 1000, 700, 400, 200, 100];

/// The body with its texts cut, if need be, at a character.
pub(super) fn fitting(note: &Note) -> String {
    let mut body = String::new();
    for most in LENGTHS {
        body = written(note, most);
        if body.len() <= MOST {
            break;
        }
    }
    body
}

fn written(note: &Note, most: usize) -> String {
    let data: BTreeMap<&str, String> =
        note.data.iter().map(|(key, value)| (*key, cut(value, most))).collect();
    let message = json!({
        "message": {
            "token": note.token,
            "notification": { "title": cut(&note.title, most), "body": cut(&note.body, most) },
            "data": data,
            // Somebody is meant to see it now, not when the phone wakes up by itself.
            "android": { "priority": "HIGH" },
            "apns": { "headers": { "apns-priority": "10" } },
        }
    });
    message.to_string()
}

/// The text, with at most so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(reason: &str) -> Note {
        Note {
            token: "t".repeat(300),
            title: "Видео не принято".to_owned(),
            body: reason.to_owned(),
            data: BTreeMap::from([
                ("type", "report_rejected".to_owned()),
                ("reason", reason.into()),
            ]),
        }
    }

    #[test]
    fn a_short_note_says_everything() {
        let body: serde_json::Value = serde_json::from_str(&fitting(&note("Темно"))).unwrap();
        assert_eq!(body["message"]["notification"]["body"], "Темно");
        assert_eq!(body["message"]["data"]["reason"], "Темно");
    }

    #[test]
    fn whatever_the_reason_it_fits_and_is_cut_at_a_character() {
        for reason in ["ж", "\u{1F697}", "\"\\\n", "a", "\u{1}"] {
            let body = fitting(&note(&reason.repeat(2_000)));
            assert!(body.len() <= MOST, "{reason}: {}", body.len());
            let read: serde_json::Value = serde_json::from_str(&body).unwrap();
            let said = read["message"]["notification"]["body"].as_str().unwrap();
            assert!(said.ends_with('…') || said.chars().count() == 2_000, "{reason}");
            assert!(said.chars().count() >= 100, "{reason}: more could have been said");
        }
    }
}
