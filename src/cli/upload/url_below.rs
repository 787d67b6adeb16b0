//! URLs of the server's routes.

use url::Url;

/// A URL below the server's own, which may have a path itself.
pub(super) fn url_below<const N: usize>(server: &Url, path: [&str; N]) -> Url {
    let mut url = server.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::url_below;

    #[test]
    fn a_server_may_have_a_path() {
        for server in ["https://a.test/api", "https://a.test/api/"] {
            let url = url_below(&server.parse().unwrap(), ["reports", "upload"]);
            assert_eq!(url.as_str(), "https://a.test/api/reports/upload");
        }
    }
}
