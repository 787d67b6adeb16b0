//! Settings of the object store.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;

use super::error::StorageError;

/// `[storage]`: where finished videos and segments live.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `file:FOLDER` or `s3://BUCKET/PREFIX` (the prefix is optional).
    pub url: String,
    /// Ignored with `file:`.
    pub s3: S3Config,
}

/// `[storage.s3]`: access to an S3-compatible store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// Where this service reaches the store; absent for AWS itself.
    pub endpoint: Option<String>,
    /// Where browsers reach the store; playback links are signed for it. Absent: `endpoint`.
    pub public_endpoint: Option<String>,
    /// Absent: taken from the AWS variables and profiles.
    pub region: Option<String>,
    /// `https://host/bucket/key` instead of `https://bucket.host/key`.
    pub path_style: bool,
    /// A credentials file in the AWS format; absent: the standard AWS variables and profiles.
    pub credentials_file: Option<PathBuf>,
    /// The keys that sign playback links, in the same format; absent: the keys of this service. They need
    /// only `s3:GetObject`.
    pub link_credentials_file: Option<PathBuf>,
    /// How often keys without an expiry are read again.
    pub credentials_reread: SignedDuration,
    pub connect_timeout: SignedDuration,
    /// Timeout of one attempt, plus the time that its bytes need at `slowest_link`.
    pub answer_timeout: SignedDuration,
    pub slowest_link: u64,
    pub tries: usize,
    /// The delay before the second attempt; it doubles from there, with jitter.
    pub first_pause: SignedDuration,
    /// Concurrent PUTs and GETs of whole objects.
    pub transfers: usize,
}

/// The parsed `storage.url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    Disk(PathBuf),
    S3 { bucket: String, prefix: String },
}

impl Config {
    pub(super) fn location(&self) -> Result<Location, StorageError> {
        let parsed = match self.url.split_once(':') {
            Some(("file", folder)) => disk(folder),
            Some(("s3", rest)) => bucket(rest),
            _ => None,
        };
        parsed.ok_or_else(|| StorageError::Setting {
            setting: "storage.url",
            reason: format!(
                "{:?} is neither file:FOLDER nor s3://BUCKET/PREFIX, where PREFIX has no empty segment, \
                 no `.` and no `..`",
                self.url
            ),
        })
    }
}

fn disk(folder: &str) -> Option<Location> {
    // `file:///var/x` means the same as `file:/var/x`.
    let folder = folder.strip_prefix("//").unwrap_or(folder);
    (!folder.is_empty()).then(|| Location::Disk(folder.into()))
}

fn bucket(rest: &str) -> Option<Location> {
    let (bucket, prefix) = rest.strip_prefix("//")?.split_once('/').unwrap_or((&rest[2..], ""));
    let name = prefix.strip_suffix('/').unwrap_or(prefix);
    if bucket.is_empty() || prefix == "/" || !is_usable(name) {
        return None;
    }
    Some(Location::S3 { bucket: bucket.to_owned(), prefix: name.to_owned() })
}

/// Stores and proxies disagree about names with empty or relative segments: MinIO refuses them, others
/// store them under another name.
fn is_usable(prefix: &str) -> bool {
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..");
    prefix.is_empty()
        || prefix.split('/').all(is_segment)
            && !prefix.contains(|letter: char| letter.is_control() || letter == '\\')
}

#[cfg(test)]
mod tests {
    use super::{Location, bucket};

    #[test]
    fn a_prefix_has_only_ordinary_segments() {
        let prefix = |rest| match bucket(rest) {
            Some(Location::S3 { prefix, .. }) => Some(prefix),
            _ => None,
        };
        for (rest, expected) in [("//b", ""), ("//b/", ""), ("//b/x", "x"), ("//b/x/y/", "x/y")] {
            assert_eq!(prefix(rest).as_deref(), Some(expected), "{rest}");
        }
        for rest in ["//b//", "//b//x", "//b/x//y", "//b/.", "//b/x/../y", "//b/x\\y", "//b/x\n"] {
            assert_eq!(prefix(rest), None, "{rest}");
        }
    }
}
