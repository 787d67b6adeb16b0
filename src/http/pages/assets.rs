//! Style sheets, scripts and pictures of the pages. They are embedded in the binary and compressed at the first
//! use.
//!
//! A URL contains one fingerprint of all files: `/assets/{fingerprint}/review/main.js`. Browsers can therefore
//! cache the files forever, and modules import each other by relative paths.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::http::problem::Problem;

/// The route of [`send`].
pub(super) const PATH: &str = "/assets/{fingerprint}/{*name}";

const FOREVER: &str = "public, max-age=31536000, immutable";

/// Length of the fingerprint in hexadecimal digits.
const FINGERPRINT: usize = 16;

/// Embeds files below `web/`.
macro_rules! embedded {
    ($($name:literal,)*) => {
        [$(($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/web/", $name)).as_slice())),*]
    };
}

/// In alphabetical order.
const FILES: &[(&str, &[u8])] = &embedded![
    "drive/api.js",
    "drive/boxes.js",
    "drive/browser.js",
    "drive/budget.js",
    "drive/camera.js",
    "drive/check.js",
    "drive/clock.js",
    "drive/codec.js",
    "drive/context.js",
    "drive/drive.css",
    "drive/files.js",
    "drive/film.js",
    "drive/finish.js",
    "drive/job.js",
    "drive/kept.js",
    "drive/link.js",
    "drive/list.js",
    "drive/locks.js",
    "drive/opfs-core.js",
    "drive/opfs-worker.js",
    "drive/page.js",
    "drive/pick.js",
    "drive/picked.js",
    "drive/place.js",
    "drive/position.js",
    "drive/preflight.js",
    "drive/progress.js",
    "drive/recorder.js",
    "drive/recordings.js",
    "drive/refusals.js",
    "drive/report.js",
    "drive/retry.js",
    "drive/send.js",
    "drive/sender.js",
    "drive/shell.js",
    "drive/sign-in-form.js",
    "drive/sign-in.js",
    "drive/store.js",
    "drive/text.js",
    "drive/ui.js",
    "drive/who.js",
    "drive/worker.js",
    "review/ahead.js",
    "review/announce.js",
    "review/api.js",
    "review/checklist.js",
    "review/claim.js",
    "review/codec.js",
    "review/compare.js",
    "review/decide.js",
    "review/decisions.js",
    "review/draft.js",
    "review/follow.js",
    "review/help.js",
    "review/keys.js",
    "review/link.js",
    "review/list.js",
    "review/main.js",
    "review/messages.js",
    "review/navigation.js",
    "review/outbox.js",
    "review/page.js",
    "review/player.js",
    "review/reason.js",
    "review/reject.js",
    "review/report.css",
    "review/review.css",
    "review/review.js",
    "review/sign-in.js",
    "review/source.js",
    "review/strip.js",
    "review/turn.js",
    "shared/base.css",
    "shared/data.js",
    "shared/icon.svg",
    "shared/icons.svg",
    "vendor/tus/LICENSE",
    "vendor/tus/tus.min.js",
];

/// A file with its compressed form.
pub(in crate::http) struct Asset {
    pub(in crate::http) kind: &'static str,
    pub(in crate::http) bytes: &'static [u8],
    gzip: Bytes,
}

/// All files by their names, and their fingerprint.
struct Assets {
    fingerprint: String,
    by_name: BTreeMap<&'static str, Asset>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for (name, bytes) in FILES {
        hash.update(name.as_bytes());
        hash.update(bytes.len().to_be_bytes());
        hash.update(bytes);
    }
    let mut fingerprint = hex::encode(hash.finalize());
    fingerprint.truncate(FINGERPRINT);
    let file = |(name, bytes): &(&'static str, &'static [u8])| {
        (*name, Asset { kind: kind_of(name), bytes, gzip: compressed(bytes) })
    };
    Assets { fingerprint, by_name: FILES.iter().map(file).collect() }
});

/// The URL of a file below `web/`.
pub(in crate::http) fn url(name: &str) -> String {
    format!("/assets/{}/{name}", ASSETS.fingerprint)
}

/// A file by its name, for a handler with its own route: the scope of a service worker depends on its path.
pub(in crate::http) fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.by_name.get(name)
}

/// The fingerprint of all files. It changes when any of them changes.
pub(in crate::http) fn fingerprint() -> &'static str {
    &ASSETS.fingerprint
}

impl Asset {
    /// The response, compressed if the client accepts gzip. `is_current`: cached forever; otherwise revalidated.
    pub(in crate::http) fn response(
        &'static self,
        headers: &HeaderMap,
        is_current: bool,
    ) -> Response {
        let cache = if is_current { FOREVER } else { "no-cache" };
        let mut response = [
            (header::CONTENT_TYPE, self.kind),
            (header::CACHE_CONTROL, cache),
            (header::VARY, "accept-encoding"),
        ]
        .into_response();
        let body = if accepts_gzip(headers) && self.gzip.len() < self.bytes.len() {
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
            self.gzip.clone()
        } else {
            Bytes::from_static(self.bytes)
        };
        response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
        *response.body_mut() = body.into();
        response
    }
}

/// During an update, a page from one release can request files from a node with another. It gets the file, but
/// must not cache it under the other fingerprint.
pub(super) async fn send(
    Path((fingerprint, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asset = find(&name).ok_or_else(|| Problem::not_found("this path does not exist"))?;
    Ok(asset.response(&headers, fingerprint == ASSETS.fingerprint))
}

fn kind_of(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        _ => "text/plain; charset=utf-8",
    }
}

/// The gzip form of a file. Writing to a vector cannot fail, so the fallback is never used.
fn compressed(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_else(|_| bytes.to_vec()).into()
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut encodings = lines.flat_map(|line| line.to_str().unwrap_or_default().split(','));
    encodings.any(|encoding| {
        let (name, weight) = encoding.split_once(';').unwrap_or((encoding, ""));
        name.trim() == "gzip" && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Tests and package files, which are not served.
    const NOT_SENT: [&str; 4] = ["test/", "e2e/", "package.json", "vendor/README.md"];

    fn files_below(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = |path: PathBuf| if path.is_dir() { files_below(&path) } else { vec![path] };
        entries.flat_map(files).collect()
    }

    #[test]
    fn every_file_below_web_is_embedded() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
        let names = files_below(&root)
            .into_iter()
            .map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
        let is_sent = |name: &String| !NOT_SENT.iter().any(|start| name.starts_with(start));
        let sent: BTreeSet<_> = names.filter(is_sent).collect();
        let embedded: BTreeSet<_> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(sent, embedded);
    }

    #[test]
    fn a_client_that_accepts_gzip_gets_it() {
        let asks = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, text.parse().unwrap());
            accepts_gzip(&headers)
        };
        assert_eq!(["gzip, br", "br;q=1, gzip;q=0.5"].map(asks), [true, true]);
        assert_eq!(["br", "gzip;q=0", "", "identity"].map(asks), [false; 4]);
    }
}
