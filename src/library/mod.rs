//! Stored videos: viewing links and custody.
