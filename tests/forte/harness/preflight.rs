//! The preflight of a correct client, which looks for `moov` first.

use axum::body::Body;
use axum::http::Response;
use forte_media::model::RefKey;
use serde_json::Value;

use super::boxes::leaf;
use super::form::{self, Form};
use super::mp4::{edited, sample};
use super::service::{Service, json};

/// How many of the first bytes a client sends.
const HEAD: usize = 64 * 1024;
const MEGABYTE: usize = 1024 * 1024;

/// The position and the bytes of `moov`, as far as they are in the file.
pub(crate) fn moov_of(file: &[u8]) -> Option<(usize, &[u8])> {
    walk(file, 0).map(|(_, at, end)| (at, &file[at..end]))
}

/// The position and the bytes of what a client sends besides the head, so that `moov` is included:
/// from the first box header that is not in the head.
pub(crate) fn rest_of(file: &[u8], head: usize) -> Option<(usize, &[u8])> {
    let (unseen, _, end) = walk(file, head).filter(|(_, _, end)| *end > head)?;
    Some((unseen, &file[unseen..end]))
}

/// Walks the top-level boxes. Returns the position of the first header beyond `seen`, and the start and
/// the end of `moov`.
fn walk(file: &[u8], seen: usize) -> Option<(usize, usize, usize)> {
    let (mut at, mut unseen) = (0, None);
    loop {
        if at + 16 > seen {
            unseen = unseen.or(Some(at));
        }
        let header = file.get(at..at + 8)?;
        let short = u32::from_be_bytes(header[..4].try_into().unwrap());
        let size = match short {
            0 => file.len() - at,
            1 => {
                let wide = file.get(at + 8..at + 16)?;
                usize::try_from(u64::from_be_bytes(wide.try_into().unwrap())).ok()?
            }
            short => usize::try_from(short).unwrap(),
        };
        let end = at.checked_add(size.max(8))?;
        if &header[4..] == b"moov" {
            return Some((unseen.unwrap_or(at), at, end.min(file.len())));
        }
        at = end;
    }
}

/// A video of `length` bytes whose duration is too short: its media is padded, and its `moov` is last,
/// a megabyte long if `length` allows it.
pub(crate) fn too_short_with_moov_last(length: usize) -> Vec<u8> {
    let clip = sample("bad-too-short.mp4");
    edited("bad-too-short.mp4", |file| {
        let mut missing = length - clip.len();
        let moov = file.remove("moov");
        file.children.push(moov);
        if missing > 4 * MEGABYTE {
            file.at("moov").children.push(leaf(*b"free", &vec![0; MEGABYTE - 8]));
            missing -= MEGABYTE;
        }
        let padding = vec![0; missing];
        file.at("mdat").fields.extend(padding);
    })
}

/// The preflight of a file, without the end of the form.
pub(crate) fn preflight_form(ref_key: RefKey, file: &[u8]) -> Form {
    let head = &file[..file.len().min(HEAD)];
    let form = Form::of(ref_key).text("length", &file.len().to_string());
    let form = binary_part(form, "head", head);
    match rest_of(file, HEAD) {
        Some((at, moov)) => binary_part(form.text("moov_at", &at.to_string()), "moov", moov),
        None => form,
    }
}

/// A part with binary content.
pub(crate) fn binary_part(form: Form, name: &str, bytes: &[u8]) -> Form {
    let head = format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"");
    form.part(&format!("{head}\r\nContent-Type: application/octet-stream"), bytes)
}

pub(crate) async fn send_preflight(service: &Service, form: Form) -> Response<Body> {
    let request = form::request(service, "/uploads/preflight");
    service.send(request.body(form.done().into()).unwrap()).await
}

/// Sends a preflight and returns the verdict.
pub(crate) async fn judge(service: &Service, form: Form) -> Value {
    let answer = send_preflight(service, form).await;
    let status = answer.status();
    let mut answer = json(answer).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["status"], "ok");
    answer["data"].take()
}

/// The codes of the reasons.
pub(crate) fn codes(verdict: &Value) -> Vec<&str> {
    let reasons = verdict["reasons"].as_array().unwrap();
    assert_eq!(verdict["verdict"], if reasons.is_empty() { "accepted" } else { "refused" });
    reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}
