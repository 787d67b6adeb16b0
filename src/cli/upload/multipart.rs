//! Forms as browsers write them (RFC 7578).

use super::clip::Clip;

/// RFC 2046 §5.1.1 allows 70 characters.
const BOUNDARY: usize = 60;

/// A form whose parts are all in memory.
pub(super) struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    pub(super) fn new(clip: &Clip) -> Self {
        Self { boundary: boundary(clip), body: Vec::new() }
    }

    /// A text field.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.part(&format!("name=\"{name}\"\r\n\r\n"), value.as_bytes());
    }

    /// Raw bytes.
    pub(super) fn bytes(&mut self, name: &str, bytes: &[u8]) {
        let kind = "Content-Type: application/octet-stream";
        self.part(&format!("name=\"{name}\"; filename=\"{name}\"\r\n{kind}\r\n\r\n"), bytes);
    }

    /// The whole body.
    pub(super) fn done(mut self) -> Vec<u8> {
        self.body.extend_from_slice(end(&self.boundary).as_bytes());
        self.body
    }

    /// What was written, for a part whose bytes are to follow.
    pub(super) fn written(self) -> Vec<u8> {
        self.body
    }

    fn part(&mut self, head: &str, bytes: &[u8]) {
        self.open(head);
        self.body.extend_from_slice(bytes);
        self.body.extend_from_slice(b"\r\n");
    }

    /// The beginning of a part.
    pub(super) fn open(&mut self, head: &str) {
        let line = format!("--{}\r\nContent-Disposition: form-data; {head}", self.boundary);
        self.body.extend_from_slice(line.as_bytes());
    }
}

/// The line after the last part.
pub(super) fn end(boundary: &str) -> String {
    format!("--{boundary}--\r\n")
}

pub(super) fn content_type(clip: &Clip) -> String {
    format!("multipart/form-data; boundary={}", boundary(clip))
}

/// A line that is not in the video: to hold its own hash, it would have to be found first.
pub(super) fn boundary(clip: &Clip) -> String {
    format!("forte-media-{}", clip.sha256).chars().take(BOUNDARY).collect()
}
