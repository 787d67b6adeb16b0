//! The log of all tests in one file, so that it can be searched for what must not stand in it (S65).
//! `FORTE_TEST_LOG` names the file; otherwise it is in the target folder.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::external::env_var;

/// More than any operator would switch on: what the debugging of other crates writes is theirs.
const FILTER: &str = "warn,forte_media=trace,tower_http=trace";

/// The file.
#[derive(Clone)]
struct Log(Arc<Mutex<File>>);

/// Where the log of all tests is.
pub(crate) fn path() -> PathBuf {
    let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("forte-test.log");
    env_var("FORTE_TEST_LOG").map_or_else(beside, PathBuf::from)
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(path()).unwrap();
        let log = Log(Arc::new(Mutex::new(file)));
        let writer = log.clone();
        let lines = tracing_subscriber::fmt()
            .with_env_filter(FILTER)
            .with_ansi(false)
            .with_writer(move || writer.clone());
        // An error would mean that somebody was faster, and that this log stays empty.
        lines.try_init().unwrap();
        log
    })
}

/// Everything that services in this process write goes into the file from now on.
pub(crate) fn start() {
    log();
}

/// Keeps what another process wrote.
pub(crate) fn keep(text: &[u8]) {
    log().clone().write_all(text).unwrap();
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
