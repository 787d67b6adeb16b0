pub(super) mod layout;
pub(super) mod nal;
