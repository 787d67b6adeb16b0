//! The one look into the media: samples that consist of NAL units.

pub(super) mod layout;
pub(super) mod nal;
mod walker;
