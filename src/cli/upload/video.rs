//! The file: inspected and hashed before anything is sent, then read in parts.

use std::fs::File;
use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::Body;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::{InspectReader, ReaderStream};

use super::progress::Progress;
use crate::cli::inspect::scan;
use crate::inspect::{self, Scanner};
use crate::model::{BrokenLimit, Check, Digest, Finding, Length, Offset, Refusal};

/// Bytes read at a time: few enough for the progress bar to move on a slow network.
const READ_SIZE: usize = 32 * 1024;

/// A file that has been inspected.
#[derive(Debug, Clone)]
pub(super) struct Video {
    pub(super) path: PathBuf,
    pub(super) length: Length,
    pub(super) sha256: Digest,
}

/// The server's rules for files.
pub(super) struct Rules {
    /// Without `inspect.enforce`, the file is hashed and scanned, but never refused.
    pub(super) inspect: inspect::Config,
    pub(super) max_length: Length,
    /// A creation time after this is in the future.
    pub(super) now: Timestamp,
}

impl Video {
    /// Reads the file once. Blocks. A refusal by the rules is not an error.
    pub(super) fn inspect(path: PathBuf, rules: Rules) -> io::Result<Result<Self, Box<Refusal>>> {
        let mut file = File::open(&path)?;
        let length = Length::new(file.metadata()?.len());
        if rules.inspect.enforce && length > rules.max_length {
            return Ok(Err(Box::new(too_long(rules.max_length))));
        }
        let mut scanner = Scanner::new(Arc::new(rules.inspect), Some(length), rules.now);
        let sha256 = scan(&mut file, &mut scanner)?.sha256();
        let verdict = scanner.finish().map_err(Box::new);
        Ok(verdict.map(|_| Self { path, length, sha256 }))
    }

    /// The name of the file without its folders.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// # Errors
    /// When the file has another length than when it was inspected.
    pub(super) fn check_length(&self, current: u64) -> io::Result<()> {
        if current == self.length.get() {
            return Ok(());
        }
        Err(io::Error::other("it has changed since it was inspected; run the command again"))
    }

    /// `length` bytes from `offset` on as a request body that moves the progress bar.
    pub(super) async fn part(
        &self,
        offset: Offset,
        length: u64,
        progress: &Progress,
    ) -> io::Result<Body> {
        let mut file = tokio::fs::File::open(&self.path).await?;
        self.check_length(file.metadata().await?.len())?;
        file.seek(SeekFrom::Start(offset.get())).await?;
        let progress = progress.clone();
        let reader = InspectReader::new(file.take(length), move |bytes| progress.sent(bytes.len()));
        Ok(Body::wrap_stream(ReaderStream::with_capacity(reader, READ_SIZE)))
    }
}

/// The server refuses by the announced length, before the first byte.
fn too_long(max: Length) -> Refusal {
    let message = format!("A video has at most {max} bytes.");
    let finding = Finding::at(Check::SizeLimit, max.get(), message)
        .with_limit(BrokenLimit::TooLarge { max_bytes: max.get() });
    Refusal { finding, judged_after: 0, notes: Vec::new() }
}
