//! What a command answers to its caller.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::model::error_chain;

/// The result of a command that ran; an error means that it could not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Done, or "yes".
    Done,
    /// "No": a file was refused, a check failed.
    No,
    /// A part failed, and its error has been printed.
    Failed,
}

impl Answer {
    /// The exit code of a command that failed, also of one with invalid arguments (as in clap).
    pub const EXIT_FAILED: u8 = 2;
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Done => Self::SUCCESS,
            Answer::No => Self::from(1),
            Answer::Failed => Self::from(Answer::EXIT_FAILED),
        }
    }
}

/// What a command prints, and its answer.
#[derive(Debug)]
pub struct Output {
    /// For standard output.
    pub data: String,
    /// For standard error.
    pub message: String,
    pub answer: Answer,
}

impl Output {
    pub(super) fn message(message: String) -> Self {
        Self { data: String::new(), message, answer: Answer::Done }
    }

    pub(super) fn print(&self) -> io::Result<Answer> {
        io::stdout().write_all(self.data.as_bytes())?;
        if !self.message.is_empty() {
            print_message(&self.message);
        }
        Ok(self.answer)
    }
}

/// Prints why the command could not run.
pub fn print_error(error: &anyhow::Error) {
    print_message(&format!("forte-media: {}", error_chain(error.as_ref())));
}

/// Prints a line for a person on standard error.
pub(super) fn print_message(line: &str) {
    // Standard error may be closed; then nobody reads it.
    let _closed = writeln!(io::stderr(), "{line}");
}
