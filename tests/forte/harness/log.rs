//! The log of all tests in one file, so that it can be searched for secrets and personal data (S65).
//! `FORTE_TEST_LOG` names the file; otherwise it is in the target folder.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::external::env_var;

/// More verbose than any operator needs. Debug output of other crates is excluded.
const FILTER: &str = "warn,forte_media=trace,tower_http=trace";

#[derive(Clone)]
struct Log(Arc<Mutex<File>>);

/// The path of the log file.
pub(crate) fn path() -> PathBuf {
    let default = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("forte-test.log");
    env_var("FORTE_TEST_LOG").map_or_else(default, PathBuf::from)
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
        // An error would mean that another subscriber is set and this log would stay empty.
        lines.try_init().unwrap();
        log
    })
}

/// Writes the log of all services in this process to the file from now on.
pub(crate) fn start() {
    log();
}

/// Appends the log of another process.
pub(crate) fn append(text: &[u8]) {
    log().clone().write_all(text).unwrap();
}

/// Appends the output of a demo without the indented lines, which contain credentials.
pub(crate) fn append_demo(text: &str) {
    for line in text.lines().filter(|line| !line.starts_with("  ")) {
        append(format!("{line}\n").as_bytes());
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
