//! Boxes: headers, fields, nesting. Nothing here knows what a video is.

mod fields;
mod header;
mod kind;
mod mp4_box;
pub(super) mod nesting;
pub(super) mod path;
pub mod steps;

pub use header::BoxHeader;

pub(super) use fields::{Extent, Fields, in_memory, length};
pub(super) use header::{LONG_HEADER, SHORT_HEADER};
pub(super) use kind::FourCc;
pub(super) use mp4_box::{Checked, Children, FullBox, Mp4Box, box_finding, ensure};
pub(super) use steps::step;
