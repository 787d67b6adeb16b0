//! The file, looked at before anything is sent: its hash, and whether the server would take it.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::cli::inspect::scan;
use crate::inspect::{self, Scanner};
use crate::model::{BrokenLimit, Check, Digest, Finding, Length, Refusal};

/// A file that can be sent.
#[derive(Debug, Clone)]
pub(crate) struct Clip {
    pub(crate) path: PathBuf,
    pub(crate) length: Length,
    pub(crate) sha256: Digest,
}

/// What the server would ask of the file; nothing, where the inspection does not enforce.
pub(crate) struct Rules {
    pub(crate) inspect: inspect::Config,
    pub(crate) max_length: Length,
    /// Tells a creation time in the future from one in the past.
    pub(crate) now: Timestamp,
}

impl Clip {
    /// What the file is called, without its folders.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Whether the file still has the length it was examined with.
    ///
    /// # Errors
    /// When it has another one.
    pub(crate) fn check_length(&self, now: u64) -> io::Result<()> {
        if now == self.length.get() {
            return Ok(());
        }
        Err(io::Error::other("it was changed meanwhile; run the command again"))
    }
}

/// Reads the file once, in pieces. Blocks.
///
/// # Errors
/// When it cannot be read. A refusal by the rules is no error.
pub(crate) fn examine(path: PathBuf, rules: Rules) -> io::Result<Result<Clip, Box<Refusal>>> {
    let mut file = File::open(&path)?;
    let length = Length::new(file.metadata()?.len());
    if rules.inspect.enforce && length > rules.max_length {
        return Ok(Err(Box::new(too_long(rules.max_length))));
    }
    let mut scanner = Scanner::new(Arc::new(rules.inspect), Some(length), rules.now);
    let sha256 = scan(&mut file, &mut scanner)?.sha256();
    let verdict = scanner.finish().map_err(Box::new);
    Ok(verdict.map(|_| Clip { path, length, sha256 }))
}

/// The size is known before a byte is read, to the server as well (Q16).
fn too_long(most: Length) -> Refusal {
    let message = format!("A video has at most {most} bytes.");
    let finding = Finding::at(Check::SizeLimit, most.get(), message)
        .with_limit(BrokenLimit::TooLarge { max_bytes: most.get() });
    Refusal { finding, judged_after: 0, notes: Vec::new() }
}
