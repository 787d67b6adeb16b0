//! The only check that reads media: samples that consist of NAL units.

pub(super) mod layout;
pub(super) mod nal;
mod walker;
