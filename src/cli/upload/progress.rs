//! A progress bar on a terminal, plain lines elsewhere; on standard error.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::answer::print_message;
use crate::model::{Length, Offset};

const TEMPLATE: &str = "{wide_bar} {percent} % {bytes}/{total_bytes} {bytes_per_sec} {eta}";
/// Without a terminal, one line is printed per quarter of the video.
const PARTS: u64 = 4;

/// The bytes that were given to the network. All clones share one bar.
#[derive(Clone)]
pub(super) struct Progress {
    bar: ProgressBar,
    /// Where the current request began: the rate is that of this request.
    from: Arc<AtomicU64>,
}

impl Progress {
    pub(super) fn new(length: Length) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length.get()), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(TEMPLATE);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: bar.with_style(style), from: Arc::default() }
    }

    /// The server has everything before `offset`.
    pub(super) fn set(&self, offset: Offset) {
        self.from.store(offset.get(), Ordering::Relaxed);
        self.bar.set_position(offset.get());
        self.bar.reset_elapsed();
    }

    pub(super) fn position(&self) -> u64 {
        self.bar.position()
    }

    /// The rest of an abandoned request may still be read, so the position is limited.
    pub(super) fn sent(&self, bytes: usize) {
        let before = self.part();
        self.bar.set_position(self.length().min(self.position() + bytes as u64));
        if self.bar.is_hidden() && self.part() > before {
            self.print(&self.line());
        }
    }

    /// Bytes, percent, rate and remaining time.
    fn line(&self) -> String {
        let (position, length) = (self.position(), self.length());
        let percent = position.saturating_mul(100).checked_div(length).unwrap_or_default();
        let milliseconds = self.bar.elapsed().as_millis().max(1);
        let sent = position.saturating_sub(self.from.load(Ordering::Relaxed));
        let rate = u128::from(sent) * 1000 / milliseconds;
        let left = u128::from(length.saturating_sub(position)).checked_div(rate);
        let rate = HumanBytes(u64::try_from(rate).unwrap_or(u64::MAX));
        let left = left.map(|left| format!(", {left} s left")).unwrap_or_default();
        format!("{position} of {length} bytes sent ({percent} %, {rate}/s{left})")
    }

    /// Prints a line, above the bar if there is one.
    pub(super) fn print(&self, line: &str) {
        if self.bar.is_hidden() {
            print_message(line);
        } else {
            self.bar.println(line);
        }
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn length(&self) -> u64 {
        self.bar.length().unwrap_or_default()
    }

    fn part(&self) -> u64 {
        self.position().saturating_mul(PARTS).checked_div(self.length()).unwrap_or_default()
    }
}
