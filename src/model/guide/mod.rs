//! What each check means, and what to do: the texts of `docs/refusals.md`.

pub(super) mod boxes;
pub(super) mod opening;
mod page;
pub(super) mod samples;
pub(super) mod stream;
pub(super) mod whole;

pub use page::refusals_page;

/// What a check says to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guide {
    /// Its number in the list of checks.
    pub check: u8,
    /// What becomes of the file.
    pub effect: Effect,
    /// What it means.
    pub means: &'static str,
    /// What the driver should do.
    pub driver: &'static str,
    /// What the developer of an app should do.
    pub developer: &'static str,
}

/// What becomes of a file in which a check finds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is refused.
    Refuses,
    /// It is taken, with a note.
    Notes,
    /// It is refused; only noted in the case that is told.
    Either(&'static str),
    /// Nothing, for the reason that is told.
    Never(&'static str),
}

/// For a file that was damaged.
const AGAIN: &str = "Send the file again; if it is refused again, record the video again.";

/// For a file that is not whole.
const WHOLE: &str = "Send the complete file; if it is refused again, record the video again.";

/// For a recording that was broken off.
const AFRESH: &str = "Record the video again, and stop the camera before you send it.";

/// For what no camera makes.
const CAMERA: &str = "Record the video with the phone's camera and send that file.";

/// For what another program has made.
const EXPORT: &str =
    "Export the video as MP4 and send that file, or record it again with the phone's camera.";

/// For a file in which something is missing.
const ANEW: &str = "Record the video again, or export it again as MP4, and send that file.";

/// For a note.
const NOTHING: &str = "Nothing: the video is taken.";
