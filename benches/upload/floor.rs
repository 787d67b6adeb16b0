//! The lower bound for any server: read the bytes from the connection, hash them, write them to a
//! file. One thread, one connection at a time, nothing durable.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The argument with which this program starts itself as the floor.
pub(crate) const ARGUMENT: &str = "floor";

/// The floor in its own process.
pub(crate) struct Floor {
    pub(crate) address: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Floor {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let folder = TempDir::new_in(super::service::DATA_FOLDER)?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        Ok(Self { address: line.trim().parse()?, child, folder })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Removes the files that it wrote.
    pub(crate) fn remove_videos(&self) -> anyhow::Result<()> {
        for entry in fs::read_dir(self.folder.path())? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // It has no data to lose.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Serves until it is killed. The address is printed to standard output.
#[expect(clippy::print_stdout, reason = "the parent reads the address")]
pub(crate) fn serve(folder: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        for number in 0_u64.. {
            let (stream, _) = listener.accept().await?;
            let answer = service_fn(|request| {
                let path = folder.join(number.to_string());
                async move { Ok::<_, Infallible>(answer(&path, request).await) }
            });
            http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await?;
        }
        Ok(())
    })
}

async fn answer(path: &Path, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let mut answer = Response::default();
    match take(path, request).await {
        Ok(digest) => *answer.body_mut() = Full::from(digest),
        Err(_) => *answer.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR,
    }
    answer
}

async fn take(path: &Path, request: Request<Incoming>) -> anyhow::Result<Vec<u8>> {
    let (mut file, mut digest, mut body) =
        (File::create(path)?, Sha256::new(), request.into_body());
    while let Some(frame) = body.frame().await {
        if let Some(bytes) = frame?.data_ref() {
            digest.update(bytes);
            file.write_all(bytes)?;
        }
    }
    Ok(digest.finalize().to_vec())
}
