//! Tokens and the task tracker by which everything ends.
