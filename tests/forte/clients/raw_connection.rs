//! A raw connection, for clients that cannot be run here.

use std::fmt::Write as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) struct Connection(TcpStream);

/// A response without its body.
pub(super) struct Response {
    pub(super) status: u16,
    head: String,
}

impl Response {
    /// The value of a header, or an empty string.
    pub(super) fn header(&self, name: &str) -> &str {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut fields = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        fields.next().map(|(_, value)| value.trim()).unwrap_or_default()
    }

    /// `Upload-Offset`.
    pub(super) fn offset(&self) -> Option<usize> {
        self.header("upload-offset").parse().ok()
    }
}

impl Connection {
    pub(super) async fn to(address: &str) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Sends the headers of a request.
    pub(super) async fn head(&mut self, method: &str, path: &str, headers: &[String]) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: phone.test\r\n");
        for header in headers {
            write!(head, "{header}\r\n").unwrap();
        }
        head.push_str("\r\n");
        self.bytes(head.as_bytes()).await;
    }

    pub(super) async fn bytes(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Sends bytes in chunks of `size`, and the last chunk.
    pub(super) async fn chunks(&mut self, bytes: &[u8], size: usize) {
        for chunk in bytes.chunks(size) {
            self.bytes(format!("{:x}\r\n", chunk.len()).as_bytes()).await;
            self.bytes(chunk).await;
            self.bytes(b"\r\n").await;
        }
        self.bytes(b"0\r\n\r\n").await;
    }

    /// Reads the next response; `with_body` is false after HEAD.
    pub(super) async fn response(&mut self, with_body: bool) -> Response {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let response = Response { status, head };
        let length = response.header("content-length").parse().unwrap_or(0);
        if with_body {
            self.0.read_exact(&mut vec![0; length]).await.unwrap();
        }
        response
    }
}
