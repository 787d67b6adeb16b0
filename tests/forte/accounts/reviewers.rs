//! Reviewers' sign-in.
