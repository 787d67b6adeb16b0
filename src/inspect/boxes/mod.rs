pub(super) mod fields;
pub(super) mod kind;
pub(super) mod mp4_box;
pub(super) mod nesting;
pub(super) mod path;
pub mod steps;
