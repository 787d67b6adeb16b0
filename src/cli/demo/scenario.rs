//! The main job, step by step: a video goes from the phone to the reviewer over a connection that
//! breaks.

use std::ops::Range;

use anyhow::{Context as _, ensure};
use reqwest::header::{AUTHORIZATION, RANGE};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use sha2::Digest as _;
use tokio::io::{AsyncWriteExt as _, copy, sink};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;
use url::Url;

use super::receiver::Delivery;
use super::server::{Server, TIMEOUT};
use crate::cli::answer::print_message;
use crate::cli::upload::tus::Tus;
use crate::model::{Digest, Length, RefKey};

pub(super) const VIDEO: &[u8] = include_bytes!("../../../samples/inspection.mp4");
/// Bytes a player asks for after a jump.
const RANGE_READ: Range<usize> = 10_000..20_000;

/// What the steps need.
pub(super) struct Scenario {
    pub(super) server: Server,
    /// Access token of the driver.
    pub(super) driver: String,
    /// Access token of the reviewer.
    pub(super) reviewer: String,
    /// A report that waits for a video.
    pub(super) ref_key: RefKey,
    /// The present time as a phone writes it.
    pub(super) time_sent: String,
}

struct Steps {
    scenario: Scenario,
    http: Client,
    tus: Tus,
}

impl Scenario {
    /// Runs every step and reports each on standard error.
    pub(super) async fn run(self, mut deliveries: Receiver<Delivery>) -> anyhow::Result<()> {
        let http = self.server.client()?;
        let tus = Tus::new(http.clone(), self.server.url.clone(), self.driver.as_str().into());
        let steps = Steps { scenario: self, http, tus };
        let upload = steps.create().await.context("step `create`")?;
        steps.interrupt(&upload).await.context("step `interrupt`")?;
        steps.resume(&upload).await.context("step `resume`")?;
        let link = steps.check_stored().await.context("step `store`")?;
        steps.check_webhook(&mut deliveries).await.context("step `webhook`")?;
        steps.play(&link).await.context("step `play`")
    }
}

impl Steps {
    async fn create(&self) -> anyhow::Result<Url> {
        let (ref_key, time_sent) = (self.scenario.ref_key, self.scenario.time_sent.clone());
        let metadata = [
            ("ref_key", ref_key.to_string()),
            ("time_sent", time_sent),
            ("lat", "43.238949".to_owned()),
            ("long", "76.889709".to_owned()),
            ("filename", "inspection.mp4".to_owned()),
            ("filetype", "video/mp4".to_owned()),
        ];
        let upload = self.tus.create(length(), &metadata).await?;
        print_message(&format!(
            "1. Created an upload of {} bytes for the report {ref_key}.",
            VIDEO.len()
        ));
        Ok(upload)
    }

    /// Announces the whole video, sends half of it and closes the connection.
    async fn interrupt(&self, upload: &Url) -> anyhow::Result<()> {
        let half = &VIDEO[..VIDEO.len() / 2];
        let mut connection = self.scenario.server.connect().await?;
        let head = format!(
            "PATCH {} HTTP/1.1\r\nHost: {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
             Content-Type: application/offset+octet-stream\r\nContent-Length: {}\r\n\r\n",
            upload.path(),
            self.scenario.server.address,
            VIDEO.len()
        );
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(half).await?;
        connection.shutdown().await?;
        // Wait until the service closes the connection: before that, HEAD may report too little.
        let _response = timeout(TIMEOUT, copy(&mut connection, &mut sink()))
            .await
            .context("the service did not notice that the connection was closed")?;
        print_message(&format!(
            "2. Sent {} bytes, then closed the connection in the middle.",
            half.len()
        ));
        Ok(())
    }

    async fn resume(&self, upload: &Url) -> anyhow::Result<()> {
        let offset = self.tus.head(upload, length()).await?;
        let (kept, most) = (usize::try_from(offset.get())?, VIDEO.len() / 2);
        ensure!((1..=most).contains(&kept), "expected 1 to {most} bytes kept, got {kept}");
        print_message(&format!("3. HEAD: {kept} bytes have arrived and are kept."));
        let rest = &VIDEO[kept..];
        let end = self.tus.patch(upload, offset, rest.len() as u64, rest.into()).await?;
        ensure_equal("Upload-Offset", &length().get(), &end.get())?;
        print_message(&format!("4. Sent the other {} bytes: all {end} have arrived.", rest.len()));
        Ok(())
    }

    /// Compares what is stored, as the reviewer. Returns the playback link.
    async fn check_stored(&self) -> anyhow::Result<String> {
        let Scenario { server, ref_key, reviewer, .. } = &self.scenario;
        let url = server.url.join(&format!("/reports/{ref_key}/video"))?;
        let request = self.http.get(url).header(AUTHORIZATION, format!("Bearer {reviewer}"));
        let response = expect(request.send().await?, StatusCode::OK)?;
        let response: Value = response.json().await?;
        let data = &response["data"];
        ensure_equal("length", &VIDEO.len().into(), &data["facts"]["length"])?;
        ensure_equal("sha256", &sha256().into(), &data["facts"]["sha256"])?;
        let link = data["link"].as_str().context("the response has no playback link")?;
        print_message(&format!("5. Stored: {} bytes, SHA-256 {}, as sent.", VIDEO.len(), sha256()));
        Ok(link.to_owned())
    }

    async fn check_webhook(&self, deliveries: &mut Receiver<Delivery>) -> anyhow::Result<()> {
        let delivery = timeout(TIMEOUT, self.delivery(deliveries)).await;
        let delivery = delivery.context("no webhook was delivered")??;
        ensure!(delivery.signature_ok, "the webhook's signature is wrong");
        ensure_equal("sha256", &sha256().into(), &delivery.event["data"]["sha256"])?;
        print_message(&format!(
            "6. The report service received {} with a valid signature.",
            delivery.event["type"]
        ));
        Ok(())
    }

    /// The delivery about this report; others may arrive before it.
    async fn delivery(&self, deliveries: &mut Receiver<Delivery>) -> anyhow::Result<Delivery> {
        let ref_key = Value::from(self.scenario.ref_key.to_string());
        loop {
            match deliveries.recv().await {
                Ok(delivery) if delivery.event["data"]["report_ref_key"] == ref_key => {
                    return Ok(delivery);
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Err(RecvError::Closed.into()),
            }
        }
    }

    async fn play(&self, link: &str) -> anyhow::Result<()> {
        let whole = expect(self.http.get(link).send().await?, StatusCode::OK)?.bytes().await?;
        ensure!(
            whole == VIDEO,
            "the {} bytes behind the link are not the bytes that were sent",
            whole.len()
        );
        let range = format!("bytes={}-{}", RANGE_READ.start, RANGE_READ.end - 1);
        let response = self.http.get(link).header(RANGE, range).send().await?;
        let part = expect(response, StatusCode::PARTIAL_CONTENT)?.bytes().await?;
        ensure!(part == VIDEO[RANGE_READ], "the range is not the range that was sent");
        print_message("7. Played through the link: the same bytes, as a whole and as a range.");
        Ok(())
    }
}

fn expect(response: Response, expected: StatusCode) -> anyhow::Result<Response> {
    let status = response.status();
    ensure!(status == expected, "expected {expected}, got {status}");
    Ok(response)
}

fn ensure_equal<T: PartialEq + std::fmt::Display>(
    what: &str,
    expected: &T,
    actual: &T,
) -> anyhow::Result<()> {
    ensure!(expected == actual, "expected {what} {expected}, got {actual}");
    Ok(())
}

const fn length() -> Length {
    Length::new(VIDEO.len() as u64)
}

fn sha256() -> String {
    Digest::new(sha2::Sha256::digest(VIDEO).into()).to_string()
}
