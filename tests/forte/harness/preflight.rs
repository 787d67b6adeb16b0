//! What an honest client does before it sends a video: it looks for `moov`, and asks.

use axum::body::Body;
use axum::http::Response;
use forte_media::model::RefKey;
use serde_json::Value;

use super::boxes::leaf;
use super::form::{self, Form};
use super::mp4::{edited, sample};
use super::service::{Service, json};

/// The first bytes that a client shows.
const HEAD: usize = 64 * 1024;
const MEGABYTE: usize = 1024 * 1024;

/// Where `moov` lies in a file, and its bytes, as far as they are there.
pub(crate) fn moov_of(file: &[u8]) -> Option<(usize, &[u8])> {
    walk(file, 0).map(|(_, at, end)| (at, &file[at..end]))
}

/// What a client that has shown the first bytes shows besides, so that `moov` is seen: from the first
/// header that was not among them.
pub(crate) fn rest_of(file: &[u8], head: usize) -> Option<(usize, &[u8])> {
    let (unseen, _, end) = walk(file, head).filter(|(_, _, end)| *end > head)?;
    Some((unseen, &file[unseen..end]))
}

/// Walks from header to header: where the first one lies that was not seen, where `moov` lies, and
/// where it ends.
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

/// A video that is too short for every report, as long as asked for: its media is padded, and its
/// `moov` is last, made a megabyte long where there is room.
pub(crate) fn late_and_too_short(length: usize) -> Vec<u8> {
    let clip = sample("bad-too-short.mp4");
    edited("bad-too-short.mp4", |file| {
        let mut room = length - clip.len();
        let moov = file.remove("moov");
        file.children.push(moov);
        if room > 4 * MEGABYTE {
            file.at("moov").children.push(leaf(*b"free", &vec![0; MEGABYTE - 8]));
            room -= MEGABYTE;
        }
        let padding = vec![0; room];
        file.at("mdat").fields.extend(padding);
    })
}

/// A preflight of a file, as an honest client asks it, without its end.
pub(crate) fn form_of(ref_key: RefKey, file: &[u8]) -> Form {
    let head = &file[..file.len().min(HEAD)];
    let form = Form::of(ref_key).text("length", &file.len().to_string());
    let form = bytes(form, "head", head);
    match rest_of(file, HEAD) {
        Some((at, moov)) => bytes(form.text("moov_at", &at.to_string()), "moov", moov),
        None => form,
    }
}

/// Raw bytes as a part.
pub(crate) fn bytes(form: Form, name: &str, bytes: &[u8]) -> Form {
    let head = format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"");
    form.part(&format!("{head}\r\nContent-Type: application/octet-stream"), bytes)
}

/// Asks.
pub(crate) async fn ask(service: &Service, form: Form) -> Response<Body> {
    let request = form::request(service, "/uploads/preflight");
    service.send(request.body(form.done().into()).unwrap()).await
}

/// Asks, and reads the verdict.
pub(crate) async fn told(service: &Service, form: Form) -> Value {
    let answer = ask(service, form).await;
    let status = answer.status();
    let mut answer = json(answer).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["status"], "ok");
    answer["data"].take()
}

/// The codes of the reasons of a verdict.
pub(crate) fn codes(told: &Value) -> Vec<&str> {
    let reasons = told["reasons"].as_array().unwrap();
    assert_eq!(told["verdict"], if reasons.is_empty() { "accepted" } else { "refused" });
    reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}
