pub(super) mod checks;
pub(super) mod first_box;
pub(super) mod lookalike;
pub(super) mod reader;
