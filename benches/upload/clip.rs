//! The recording that the workloads send.

use std::fs;

use anyhow::Context as _;

/// The length of the longest video.
const LENGTH: usize = 64 * 1024 * 1024;
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/inspection.mp4");

/// A valid recording of 64 MiB: the sample, and a `free` box with noise.
pub(crate) fn clip() -> anyhow::Result<Vec<u8>> {
    let mut clip = fs::read(SAMPLE).context("samples/inspection.mp4")?;
    let rest = LENGTH - clip.len();
    clip.extend(u32::try_from(rest)?.to_be_bytes());
    clip.extend(b"free");
    // Noise like compressed pictures; zeros would make searches faster than they are.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while clip.len() < LENGTH {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        clip.extend(state.to_le_bytes());
    }
    clip.truncate(LENGTH);
    Ok(clip)
}
