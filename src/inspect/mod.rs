//! The streaming judgement of the bytes.
