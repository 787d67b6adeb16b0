//! The driver's phone: a tus client that loses its connection when it is told to.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use reqwest::{Client, Response, StatusCode};
use tokio::io::{AsyncWriteExt as _, copy, sink};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

/// How long one answer may take: after 30 s phones give up.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_secs(30);
/// The name of the clip, as the phone gives it.
const FILENAME: &str = "inspection.mp4";
/// Where the driver stands: in Almaty.
const PLACE: [(&str, &str); 2] = [("lat", "43.238949"), ("long", "76.889709")];
/// What a piece of an upload is sent as (T-14).
const PIECE_TYPE: &str = "application/offset+octet-stream";

/// A phone and the service it knows.
pub(super) struct Phone {
    pub(super) client: Client,
    pub(super) address: SocketAddr,
    pub(super) token: String,
}

/// An upload that has been created: the path of its address.
pub(super) struct Upload(String);

impl Phone {
    /// Announces the clip: `POST /uploads`.
    pub(super) async fn create(
        &self,
        length: usize,
        ref_key: &str,
        time_sent: &str,
    ) -> anyhow::Result<Upload> {
        let answer = self
            .client
            .post(format!("http://{}/uploads", self.address))
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Length", length)
            .header("Upload-Metadata", metadata(ref_key, time_sent))
            .send()
            .await?;
        let answer = expect(answer, StatusCode::CREATED).await?;
        let base = Url::parse(&format!("http://{}/uploads", self.address))?;
        let location = base.join(header(&answer, LOCATION.as_str())?)?;
        Ok(Upload(location.path().to_owned()))
    }

    /// Says that everything comes, sends `bytes`, and ends the connection in mid-request. Returns
    /// when the service has noticed: asked earlier, it may not have seen the first byte yet.
    pub(super) async fn begin(
        &self,
        upload: &Upload,
        bytes: &[u8],
        length: usize,
    ) -> anyhow::Result<()> {
        let mut connection = TcpStream::connect(self.address).await?;
        let head = format!(
            "PATCH {} HTTP/1.1\r\nHost: {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
             Content-Type: {PIECE_TYPE}\r\nContent-Length: {length}\r\n\r\n",
            upload.0, self.address
        );
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(bytes).await?;
        connection.shutdown().await?;
        // Whatever comes back, or a reset, reaches no phone any more.
        let mut nowhere = sink();
        let gone = copy(&mut connection, &mut nowhere);
        let _unheard = timeout(PATIENCE.unsigned_abs(), gone)
            .await
            .context("expected the service to notice the cut; it did not")?;
        Ok(())
    }

    /// Asks how much has arrived: `HEAD`.
    pub(super) async fn offset(&self, upload: &Upload) -> anyhow::Result<usize> {
        let url = self.url(upload);
        let answer = self.client.head(url).header("Tus-Resumable", "1.0.0").send().await?;
        upload_offset(&expect(answer, StatusCode::OK).await?)
    }

    /// Sends the rest: `PATCH`. Returns the offset after it.
    pub(super) async fn resume(
        &self,
        upload: &Upload,
        offset: usize,
        rest: &'static [u8],
    ) -> anyhow::Result<usize> {
        let answer = self
            .client
            .patch(self.url(upload))
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Offset", offset)
            .header(CONTENT_TYPE, PIECE_TYPE)
            .body(rest)
            .send()
            .await?;
        upload_offset(&expect(answer, StatusCode::NO_CONTENT).await?)
    }

    fn url(&self, upload: &Upload) -> String {
        format!("http://{}{}", self.address, upload.0)
    }
}

/// `Upload-Metadata`: names, each with its value in base64 (T-33).
fn metadata(ref_key: &str, time_sent: &str) -> String {
    let said = [("ref_key", ref_key), ("time_sent", time_sent)];
    let file = [("filename", FILENAME), ("filetype", "video/mp4")];
    let pair = |(name, value)| format!("{name} {}", STANDARD.encode(value));
    said.into_iter().chain(PLACE).chain(file).map(pair).collect::<Vec<String>>().join(",")
}

fn upload_offset(answer: &Response) -> anyhow::Result<usize> {
    let offset = header(answer, "Upload-Offset")?;
    offset.parse().with_context(|| format!("expected a number as Upload-Offset; came {offset:?}"))
}

fn header<'a>(answer: &'a Response, name: &str) -> anyhow::Result<&'a str> {
    let value = answer.headers().get(name);
    let value = value.with_context(|| format!("expected a header {name}; came none"))?;
    Ok(value.to_str()?)
}

/// The answer, if it has this status.
pub(super) async fn expect(answer: Response, expected: StatusCode) -> anyhow::Result<Response> {
    let came = answer.status();
    if came == expected {
        return Ok(answer);
    }
    let words = answer.text().await.unwrap_or_default();
    bail!("expected {expected}; came {came} {words}")
}
