//! The show: one clip from the phone to the reviewer, over a connection that breaks. Each step says
//! what it did, or what was expected and what came.

use std::future::Future;
use std::ops::Range;

use anyhow::{Context as _, ensure};
use reqwest::header::{AUTHORIZATION, RANGE};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use sha2::Digest as _;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use super::phone::{PATIENCE, Phone, Upload, expect};
use super::receiver::Delivery;
use crate::model::{Digest, RefKey};

/// What was filmed.
const CLIP: &[u8] = include_bytes!("../../../samples/inspection.mp4");

/// What a player asks for when somebody jumps.
const PART: Range<usize> = 10_000..20_000;

/// What the show needs.
pub(super) struct Show {
    pub(super) phone: Phone,
    /// The reviewer's access token.
    pub(super) reviewer: String,
    /// The report that waits for the clip.
    pub(super) ref_key: RefKey,
    /// The present time, as a phone writes it.
    pub(super) time_sent: String,
}

/// A client that does not wait for ever.
pub(super) fn client() -> reqwest::Result<Client> {
    Client::builder().no_proxy().timeout(PATIENCE.unsigned_abs()).build()
}

impl Show {
    /// Shows it all.
    pub(super) async fn run(self, mut deliveries: Receiver<Delivery>) -> anyhow::Result<()> {
        let upload = step("create", self.create()).await?;
        step("cut", self.cut(&upload)).await?;
        step("resume", self.resume(&upload)).await?;
        let link = step("store", self.stored()).await?;
        step("tell", self.told(&mut deliveries)).await?;
        step("watch", self.watch(&link)).await
    }

    async fn create(&self) -> anyhow::Result<Upload> {
        let (length, ref_key) = (CLIP.len(), self.ref_key.to_string());
        let upload = self.phone.create(length, &ref_key, &self.time_sent).await?;
        eprintln!("1. Created an upload of {length} bytes for the report {ref_key}.");
        Ok(upload)
    }

    async fn cut(&self, upload: &Upload) -> anyhow::Result<()> {
        let (half, _) = CLIP.split_at(CLIP.len() / 2);
        self.phone.begin(upload, half, CLIP.len()).await?;
        eprintln!("2. Sent {} bytes; then the connection was lost in mid-request.", half.len());
        Ok(())
    }

    async fn resume(&self, upload: &Upload) -> anyhow::Result<()> {
        let kept = self.phone.offset(upload).await?;
        let most = CLIP.len() / 2;
        ensure!((1..=most).contains(&kept), "expected 1 to {most} bytes kept; came {kept}");
        eprintln!("3. HEAD says that {kept} bytes arrived and are kept.");
        let rest = CLIP.get(kept..).unwrap_or_default();
        let offset = self.phone.resume(upload, kept, rest).await?;
        same("Upload-Offset", &CLIP.len(), &offset)?;
        eprintln!("4. Sent the other {} bytes: 204, all {offset} are there.", rest.len());
        Ok(())
    }

    /// Looks at what is stored, as the reviewer; returns the viewing link.
    async fn stored(&self) -> anyhow::Result<String> {
        let url = format!("http://{}/reports/{}/video", self.phone.address, self.ref_key);
        let bearer = format!("Bearer {}", self.reviewer);
        let answer = self.phone.client.get(url).header(AUTHORIZATION, bearer).send().await?;
        let answer: Value = expect(answer, StatusCode::OK).await?.json().await?;
        let data = &answer["data"];
        same("length", &CLIP.len().into(), &data["facts"]["length"])?;
        same("sha256", &clip_sha256().into(), &data["facts"]["sha256"])?;
        let link = data["link"].as_str().context("expected a viewing link; came none")?;
        eprintln!("5. Stored: {} bytes, SHA-256 {}, the same as sent.", CLIP.len(), clip_sha256());
        Ok(link.to_owned())
    }

    async fn told(&self, deliveries: &mut Receiver<Delivery>) -> anyhow::Result<()> {
        let told = timeout(PATIENCE.unsigned_abs(), self.delivery(deliveries)).await;
        let told = told.context("expected the report service to be told; came nothing")??;
        ensure!(told.signature_ok, "expected a good signature; came a bad one");
        same("sha256", &clip_sha256().into(), &told.event["data"]["sha256"])?;
        eprintln!("6. Told: the report service has heard {}, well signed.", told.event["type"]);
        Ok(())
    }

    /// The delivery about this report; others may be on their way too.
    async fn delivery(&self, deliveries: &mut Receiver<Delivery>) -> anyhow::Result<Delivery> {
        let ref_key = Value::from(self.ref_key.to_string());
        loop {
            match deliveries.recv().await {
                Ok(told) if told.event["data"]["report_ref_key"] == ref_key => return Ok(told),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Err(RecvError::Closed.into()),
            }
        }
    }

    async fn watch(&self, link: &str) -> anyhow::Result<()> {
        let whole = self.phone.client.get(link).send().await?;
        let whole = expect(whole, StatusCode::OK).await?.bytes().await?;
        ensure!(whole == CLIP, "expected the bytes that were sent; came {} others", whole.len());
        let range = format!("bytes={}-{}", PART.start, PART.end - 1);
        let part = self.phone.client.get(link).header(RANGE, range).send().await?;
        let part = expect(part, StatusCode::PARTIAL_CONTENT).await?.bytes().await?;
        let same = CLIP.get(PART).is_some_and(|clip| clip == part);
        ensure!(same, "expected {} bytes from the middle; came {} others", PART.len(), part.len());
        eprintln!("7. Watched by the viewing link: the same bytes, whole and from the middle.");
        Ok(())
    }
}

/// Names the step in which something went wrong.
async fn step<T>(
    name: &'static str,
    doing: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    doing.await.with_context(|| format!("step `{name}`"))
}

fn same<T: PartialEq + std::fmt::Display>(
    what: &str,
    expected: &T,
    came: &T,
) -> anyhow::Result<()> {
    ensure!(expected == came, "expected {what} {expected}; came {came}");
    Ok(())
}

fn clip_sha256() -> String {
    Digest::new(sha2::Sha256::digest(CLIP).into()).to_string()
}
