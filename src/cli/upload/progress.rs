//! What a person sees meanwhile: a bar on a terminal, plain lines elsewhere; on standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::say;
use crate::model::{Length, Offset};

/// How the bar looks.
const BAR: &str = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
/// Without a bar, one line for each of these parts of the video.
const PARTS: u64 = 4;

/// How far the bytes have been handed to the network. Cheap to clone: all clones are one.
#[derive(Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Nothing sent yet.
    pub(crate) fn new(length: Length) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length.get()), ProgressDrawTarget::stderr());
        // The words of BAR are fixed; should they not be read, the usual bar is as good.
        let style = ProgressStyle::with_template(BAR);
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// The server has everything up to here.
    pub(crate) fn set(&self, offset: Offset) {
        self.0.set_position(offset.get());
    }

    /// Where the last byte that was handed out stands in the file.
    pub(crate) fn position(&self) -> u64 {
        self.0.position()
    }

    /// So many bytes more were handed out.
    pub(crate) fn moved(&self, bytes: usize) {
        let before = self.part();
        self.0.inc(bytes as u64);
        if self.0.is_hidden() && self.part() > before {
            self.say(&format!("{} of {} bytes sent", self.position(), self.length()));
        }
    }

    /// Says something, above the bar if there is one.
    pub(crate) fn say(&self, words: &str) {
        if self.0.is_hidden() {
            say(words);
        } else {
            self.0.println(words);
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }

    fn length(&self) -> u64 {
        self.0.length().unwrap_or_default()
    }

    fn part(&self) -> u64 {
        self.position().saturating_mul(PARTS).checked_div(self.length()).unwrap_or_default()
    }
}
