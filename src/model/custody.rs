//! The custody of a video.

use jiff::SignedDuration;

/// An action that one person repeats within this time, such as a view, is one custody entry with a count.
pub const ONE_CUSTODY_ENTRY: SignedDuration = SignedDuration::from_mins(10);
