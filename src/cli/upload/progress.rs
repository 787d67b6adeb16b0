//! A progress bar on a terminal, plain lines elsewhere; on standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::answer::print_message;
use crate::model::{Length, Offset};

const TEMPLATE: &str = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
/// Lines that are printed instead of a bar: one for each of so many parts of the video.
const PARTS: u64 = 4;

/// The bytes that were given to the network. All clones share one bar.
#[derive(Clone)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(length: Length) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length.get()), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(TEMPLATE);
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// The server has everything before `offset`.
    pub(super) fn set(&self, offset: Offset) {
        self.0.set_position(offset.get());
    }

    pub(super) fn position(&self) -> u64 {
        self.0.position()
    }

    pub(super) fn sent(&self, bytes: usize) {
        let before = self.part();
        self.0.inc(bytes as u64);
        if self.0.is_hidden() && self.part() > before {
            self.print(&format!("{} of {} bytes sent", self.position(), self.length()));
        }
    }

    /// Prints a line, above the bar if there is one.
    pub(super) fn print(&self, line: &str) {
        if self.0.is_hidden() {
            print_message(line);
        } else {
            self.0.println(line);
        }
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }

    fn length(&self) -> u64 {
        self.0.length().unwrap_or_default()
    }

    fn part(&self) -> u64 {
        self.position().saturating_mul(PARTS).checked_div(self.length()).unwrap_or_default()
    }
}
