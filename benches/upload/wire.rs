//! A client with a raw connection, the same for floor and service.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::Context as _;

/// A keep-alive connection.
pub(crate) struct Wire(BufReader<TcpStream>);

/// A response without its body.
pub(crate) struct Response {
    pub(crate) status: u16,
    head: Vec<String>,
}

impl Response {
    /// A header by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let value = |line: &str| {
            line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
        };
        let line = self.head.iter().find(|line| value(line))?;
        line.split_once(':').map(|(_, value)| value.trim())
    }

    /// This response, if it has the expected status.
    pub(crate) fn expect(self, status: u16) -> anyhow::Result<Self> {
        anyhow::ensure!(
            self.status == status,
            "{} instead of {status}: {:?}",
            self.status,
            self.head
        );
        Ok(self)
    }
}

impl Wire {
    pub(crate) fn connect(to: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a request with its body, and reads the response.
    pub(crate) fn request(&mut self, head: &str, body: &[&[u8]]) -> anyhow::Result<Response> {
        let length: usize = body.iter().map(|chunk| chunk.len()).sum();
        self.begin(head, length)?;
        for chunk in body {
            self.0.get_mut().write_all(chunk)?;
        }
        self.answer(head.starts_with("HEAD"))
    }

    /// Sends the beginning of a request, then disconnects.
    pub(crate) fn cut(mut self, head: &str, length: usize, begun: &[u8]) -> anyhow::Result<()> {
        self.begin(head, length)?;
        Ok(self.0.get_mut().write_all(begun)?)
    }

    fn begin(&mut self, head: &str, length: usize) -> anyhow::Result<()> {
        let head = format!("{head}Host: bench\r\nContent-Length: {length}\r\n\r\n");
        Ok(self.0.get_mut().write_all(head.as_bytes())?)
    }

    fn answer(&mut self, bodiless: bool) -> anyhow::Result<Response> {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            anyhow::ensure!(self.0.read_line(&mut line)? > 0, "no answer");
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let status = head.first().and_then(|line| line.split(' ').nth(1));
        let status = status.context("no status")?.parse()?;
        let answer = Response { status, head };
        let length = answer.header("content-length").map_or(Ok(0), str::parse::<usize>)?;
        let mut body = vec![0; if bodiless { 0 } else { length }];
        self.0.read_exact(&mut body)?;
        Ok(answer)
    }
}
