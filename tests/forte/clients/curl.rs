//! curl, as in the owner's document and in our examples.

use std::ffi::OsStr;
use std::path::Path;

use forte_media::model::RefKey;
use serde_json::Value;
use tokio::process::Command;

use super::{INSPECTION, Stage, process};
use crate::harness::external::is_installed;
use crate::harness::service::Backend;

pub(super) fn is_available() -> bool {
    is_installed("curl", "the documented requests as a person types them")
}

/// A response as curl printed it.
pub(super) struct CurlResponse {
    pub(super) status: u16,
    pub(super) headers: Value,
    pub(super) body: Vec<u8>,
    /// The exit status of curl; 0 means that no connection failed.
    pub(super) exit: i32,
}

impl CurlResponse {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers[name][0].as_str().unwrap_or_default()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The fields of the form, each as an argument of `-F`.
pub(super) fn fields(report: RefKey, file: &str) -> Vec<String> {
    let ref_key = format!("ref_key={report}");
    let file = format!("file=@{file};type=video/mp4");
    let others = ["time_sent=2026-05-13 10:00:00", "lat=43.238949", "long=76.889709"];
    let others = others.map(str::to_owned);
    [ref_key, file].into_iter().chain(others).collect()
}

pub(super) async fn curl(folder: &Path, arguments: &[impl AsRef<OsStr> + Sync]) -> CurlResponse {
    let mut command = Command::new("curl");
    command.current_dir(folder).arg("--silent").args(arguments).kill_on_drop(true);
    command.args(["--output", "answer", "--write-out", "%{http_code} %{header_json}"]);
    let output = command.output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (status, headers) = text.split_once(' ').unwrap();
    CurlResponse {
        status: status.parse().unwrap(),
        headers: serde_json::from_str(headers).unwrap_or_default(),
        body: std::fs::read(folder.join("answer")).unwrap_or_default(),
        exit: output.status.code().unwrap(),
    }
}

impl Stage {
    pub(super) fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.token)
    }

    /// The fields of the form, each as an argument of `-F`.
    pub(super) fn fields(&self, file: &str) -> Vec<String> {
        fields(self.report, file)
    }

    /// curl's arguments for a creation with a file as its body.
    pub(super) fn creation(&self, length: usize, file: &str) -> Vec<String> {
        let headers = process::headers(&self.token, self.report, length);
        process::with_bytes(&headers, &self.url("/uploads"), file)
    }

    /// Sends the form.
    pub(super) async fn form(&self, fields: &[String]) -> CurlResponse {
        let (bearer, url) = (self.bearer(), self.url("/reports/upload"));
        let mut arguments = vec!["-H", &bearer];
        for field in fields {
            arguments.extend(["-F", field]);
        }
        arguments.push(&url);
        curl(self.folder.path(), &arguments).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_can_be_in_any_order() {
    for (backend, file_first) in [(Backend::Embedded, true), (Backend::Shared, false)] {
        if !is_available() {
            return;
        }
        let Some(stage) = Stage::start(backend).await else { continue };
        stage.file("inspection.mp4", INSPECTION);
        let mut fields = stage.fields("inspection.mp4");
        if file_first {
            fields.swap(0, 1);
        }
        let response = stage.form(&fields).await;
        assert_eq!((response.status, response.exit), (201, 0));
        assert_eq!(response.json()["data"]["message"], "Report has been successfully saved.");
        stage.assert_stored(INSPECTION).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_works_with_curl_alone() {
    if !is_available() {
        return;
    }
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(stage) = Stage::start(backend).await else { continue };
        let folder = stage.folder.path();
        let half = INSPECTION.len() / 2;
        stage.file("first", &INSPECTION[..half]);
        stage.file("second", &INSPECTION[half..]);

        let response = curl(folder, &["-X", "OPTIONS", &stage.url("/uploads")]).await;
        assert_eq!((response.status, response.header("tus-version")), (204, "1.0.0"));
        let url = created(&stage).await;
        assert_eq!(patched(folder, &url, 0, "first").await, (204, half));
        let tus = ["-H", "Tus-Resumable: 1.0.0"];
        let response = curl(folder, &[&tus[..], &["--head", &url]].concat()).await;
        assert_eq!(response.header("upload-offset"), half.to_string());
        assert_eq!(response.header("upload-length"), INSPECTION.len().to_string());
        assert_eq!(patched(folder, &url, half, "second").await, (204, INSPECTION.len()));
        stage.assert_stored(INSPECTION).await;
    }
}

/// Creates an upload of the clip with curl; its URL.
async fn created(stage: &Stage) -> String {
    let headers = process::headers(&stage.token, stage.report, INSPECTION.len());
    let url = stage.url("/uploads");
    let mut arguments = vec!["-X", "POST", &url];
    for header in &headers {
        arguments.extend(["-H", header]);
    }
    let response = curl(stage.folder.path(), &arguments).await;
    assert_eq!(response.status, 201);
    response.header("location").to_owned()
}

async fn patched(folder: &Path, url: &str, offset: usize, file: &str) -> (u16, usize) {
    let (offset, file) = (format!("Upload-Offset: {offset}"), format!("@{file}"));
    let kind = "Content-Type: application/offset+octet-stream";
    let headers = ["-X", "PATCH", "-H", "Tus-Resumable: 1.0.0", "-H", kind, "-H", &offset];
    let response = curl(folder, &[&headers[..], &["--data-binary", &file, url]].concat()).await;
    (response.status, response.header("upload-offset").parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_playback_link_supports_ranges() {
    if !is_available() {
        return;
    }
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(stage) = Stage::start(backend).await else { continue };
        stage.file("inspection.mp4", INSPECTION);
        assert_eq!(stage.form(&stage.fields("inspection.mp4")).await.status, 201);
        let video = stage.video().await;
        let link = video["link"].as_str().unwrap();
        let (folder, length) = (stage.folder.path(), INSPECTION.len());

        let response = curl(folder, &["--range", "1000-1999", link]).await;
        assert_eq!((response.status, &response.body[..]), (206, &INSPECTION[1000..2000]));
        assert_eq!(response.header("content-range"), format!("bytes 1000-1999/{length}"));
        let response = curl(folder, &["--range", "-500", link]).await;
        assert_eq!((response.status, &response.body[..]), (206, &INSPECTION[length - 500..]));
        let response = curl(folder, &["--range", "99999999-", link]).await;
        assert_eq!(response.status, 416);
        if backend == Backend::Embedded {
            // A presigned URL is valid for GET only.
            let response = curl(folder, &["--head", link]).await;
            assert_eq!(
                (response.status, response.header("content-length")),
                (200, &*length.to_string())
            );
        }
    }
}
