//! The workloads: how a clip is sent.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::floor::Floor;
use super::service::Service;
use super::wire::Wire;

/// A common chunk size of phones.
const CHUNK: usize = 500 * 1024;
/// How many bytes a connection transfers before it is cut.
const CUT_AFTER: usize = 3 * 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// One request to the floor.
    Floor,
    /// One PATCH.
    One,
    /// `PATCH` requests of 500 KiB on one connection.
    Chunks,
    /// Connections that are cut, with a HEAD before each resumption.
    Cuts,
    /// The multipart form.
    Form,
}

impl Workload {
    pub(crate) const ALL: [Self; 5] =
        [Self::Floor, Self::One, Self::Chunks, Self::Cuts, Self::Form];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::One => "one",
            Self::Chunks => "chunks",
            Self::Cuts => "cuts",
            Self::Form => "form",
        }
    }

    /// Sends the clip once and checks that it was stored.
    pub(crate) fn send(
        self,
        clip: &[u8],
        floor: &Floor,
        service: &mut Service,
    ) -> anyhow::Result<()> {
        match self {
            Self::Floor => {
                Wire::connect(floor.address)?
                    .request("PUT / HTTP/1.1\r\n", &[clip])?
                    .expect(200)?;
                Ok(())
            }
            Self::One => chunks(clip, clip.len(), service),
            Self::Chunks => chunks(clip, CHUNK, service),
            Self::Cuts => cuts(clip, service),
            Self::Form => form(clip, service),
        }
    }
}

fn chunks(clip: &[u8], size: usize, service: &mut Service) -> anyhow::Result<()> {
    let mut wire = Wire::connect(service.address)?;
    let path = create(&mut wire, clip.len(), service)?;
    let mut offset = 0;
    for chunk in clip.chunks(size) {
        wire.request(&patch(&path, offset), &[chunk])?.expect(204)?;
        offset += chunk.len();
    }
    Ok(())
}

fn cuts(clip: &[u8], service: &mut Service) -> anyhow::Result<()> {
    let path = create(&mut Wire::connect(service.address)?, clip.len(), service)?;
    let mut offset = 0;
    while clip.len() - offset > CUT_AFTER {
        let wire = Wire::connect(service.address)?;
        let begun = &clip[offset..offset + CUT_AFTER];
        wire.cut(&patch(&path, offset), clip.len() - offset, begun)?;
        offset = resumed(&mut Wire::connect(service.address)?, &path)?;
    }
    let mut wire = Wire::connect(service.address)?;
    wire.request(&patch(&path, offset), &[&clip[offset..]])?.expect(204)?;
    Ok(())
}

/// The offset, as soon as the service has it.
fn resumed(wire: &mut Wire, path: &str) -> anyhow::Result<usize> {
    let head = format!("HEAD {path} HTTP/1.1\r\nTus-Resumable: 1.0.0\r\n");
    loop {
        let answer = wire.request(&head, &[])?;
        if answer.status != 423 {
            let answer = answer.expect(200)?;
            return Ok(answer.header("upload-offset").context("no offset")?.parse()?);
        }
        sleep(Duration::from_millis(20));
    }
}

fn create(wire: &mut Wire, length: usize, service: &mut Service) -> anyhow::Result<String> {
    let ref_key = service.report()?.to_string();
    let metadata =
        fields(&ref_key).map(|(name, value)| format!("{name} {}", STANDARD.encode(value)));
    let head = format!(
        "POST /uploads HTTP/1.1\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer {}\r\n\
         Upload-Length: {length}\r\nUpload-Metadata: {}\r\n",
        service.token,
        metadata.join(","),
    );
    let answer = wire.request(&head, &[])?.expect(201)?;
    let location = answer.header("location").context("no location")?;
    Ok(location.parse::<url::Url>()?.path().to_owned())
}

fn patch(path: &str, offset: usize) -> String {
    format!(
        "PATCH {path} HTTP/1.1\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n\
         Content-Type: application/offset+octet-stream\r\n"
    )
}

fn fields(ref_key: &str) -> [(&'static str, &str); 4] {
    [
        ("ref_key", ref_key),
        ("time_sent", "2026-05-13 10:00:00"),
        ("lat", "43.238949"),
        ("long", "76.889709"),
    ]
}

fn form(clip: &[u8], service: &mut Service) -> anyhow::Result<()> {
    const PART: &str = "--edge\r\nContent-Disposition: form-data; name=";
    let ref_key = service.report()?.to_string();
    let texts = fields(&ref_key).map(|(name, text)| format!("{PART}\"{name}\"\r\n\r\n{text}\r\n"));
    let file = format!(
        "{}{PART}\"file\"; filename=\"a.mp4\"\r\nContent-Type: video/mp4\r\n\r\n",
        texts.concat()
    );
    let head = format!(
        "POST /reports/upload HTTP/1.1\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=edge\r\n",
        service.token
    );
    let mut wire = Wire::connect(service.address)?;
    wire.request(&head, &[file.as_bytes(), clip, b"\r\n--edge--\r\n"])?.expect(201)?;
    Ok(())
}
