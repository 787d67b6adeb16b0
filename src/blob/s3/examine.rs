//! Questions to a store that its documentation answers too kindly.
