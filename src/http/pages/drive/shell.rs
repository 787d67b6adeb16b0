//! The data for the scripts of the driver's pages.

use axum::http::{HeaderMap, Uri};
use serde_json::{Map, Value, json};

use super::pwa;
use crate::auth::BrowserSession;
use crate::http::AppState;
use crate::http::PositionPolicy;
use crate::http::pages::assets;
use crate::http::pages::language::language_of;
use crate::http::pages::shell::Shell;

/// Key prefixes of the sentences that the scripts show.
const SENTENCES: [&str; 6] = ["drive.", "refuse.", "common.", "signin.title", "unit.", "status."];

/// The shell of a page. `more`: data for the script of this page, in addition to the common data.
pub(super) fn shell(
    state: &AppState,
    (headers, uri): (&HeaderMap, &Uri),
    session: Option<&BrowserSession>,
    more: Value,
) -> Shell {
    let language = language_of(headers, session.and_then(|session| session.language));
    let page = Shell::new(language, uri);
    let mut data = common(state, &page, session);
    if let Value::Object(more) = more {
        data.extend(more);
    }
    page.with_data(&Value::Object(data))
}

fn common(state: &AppState, page: &Shell, session: Option<&BrowserSession>) -> Map<String, Value> {
    let session = session.map(|session| {
        json!({
            "csrf": session.csrf,
            "kind": session.kind,
            // The owner of the recordings that the browser stores.
            "owner": session.person.id.0.to_string(),
        })
    });
    let data = json!({
        "language": page.lang(),
        "texts": page.texts.object(&SENTENCES),
        "worker": format!("{}?v={}", pwa::WORKER, assets::fingerprint()),
        "files": {"worker": page.asset("drive/opfs-worker.js")},
        "position": position_word(state.drive.position),
        "limits": limits(state),
    });
    [session.unwrap_or_default(), data].into_iter().filter_map(into_object).flatten().collect()
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    if let Value::Object(object) = value { Some(object) } else { None }
}

/// The limits of the service, so that the page can check a video before it sends a byte.
fn limits(state: &AppState) -> Value {
    let (shortest, longest) = state.uploads.duration_limits();
    json!({
        "maxBytes": state.uploads.max_length(),
        "minSeconds": shortest.as_secs_f64(),
        "maxSeconds": longest.as_secs_f64(),
        "takesQuicktime": state.uploads.accepts_quicktime(),
        "maxMoov": state.uploads.moov_limit(),
        "maxHead": state.limits.max_head,
    })
}

const fn position_word(position: PositionPolicy) -> &'static str {
    match position {
        PositionPolicy::Required => "required",
        PositionPolicy::Optional => "optional",
    }
}
