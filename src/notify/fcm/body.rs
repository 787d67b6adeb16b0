//! The body of `messages:send`, within FCM's limit.

use std::collections::BTreeMap;

use serde_json::json;

use crate::model::PushNotification;

/// FCM's limit in bytes. It does not count the whole body, but we do.
const MAX_BODY: usize = 4096;

/// Limits for each text in characters, tried in this order. A reason occurs twice, in the text and in
/// the data.
const TEXT_LIMITS: [usize; 7] = [2000, 1400, 1000, 700, 400, 200, 100];

/// The body, with its texts truncated at a character if needed.
pub(super) fn json(notification: &PushNotification) -> String {
    let mut body = String::new();
    for limit in TEXT_LIMITS {
        body = json_with_limit(notification, limit);
        if body.len() <= MAX_BODY {
            break;
        }
    }
    body
}

fn json_with_limit(notification: &PushNotification, limit: usize) -> String {
    let PushNotification { token, title, body, data } = notification;
    let data: BTreeMap<&str, String> =
        data.iter().map(|(key, value)| (*key, truncate(value, limit))).collect();
    let message = json!({
        "message": {
            "token": token,
            "notification": { "title": truncate(title, limit), "body": truncate(body, limit) },
            "data": data,
            // Wakes up a sleeping phone.
            "android": { "priority": "HIGH" },
            "apns": { "headers": { "apns-priority": "10" } },
        }
    });
    message.to_string()
}

fn truncate(text: &str, limit: usize) -> String {
    if text.chars().nth(limit).is_none() {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(reason: &str) -> PushNotification {
        PushNotification {
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
    fn a_short_notification_is_complete() {
        let body = json(&notification("Темно"));
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["message"]["notification"]["body"], "Темно");
        assert_eq!(body["message"]["data"]["reason"], "Темно");
    }

    #[test]
    fn a_long_reason_is_truncated_at_a_character() {
        for reason in ["ж", "\u{1F697}", "\"\\\n", "a", "\u{1}"] {
            let body = json(&notification(&reason.repeat(2_000)));
            assert!(body.len() <= MAX_BODY, "{reason}: {}", body.len());
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            let text = body["message"]["notification"]["body"].as_str().unwrap();
            assert!(text.ends_with('…') || text.chars().count() == 2_000, "{reason}");
            assert!(text.chars().count() >= 100, "{reason}: truncated too much");
        }
    }
}
