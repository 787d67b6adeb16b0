pub(super) mod compare;
pub(super) mod rebuild;
