pub(super) mod fragments;
pub(super) mod hints;
pub(super) mod runs;
