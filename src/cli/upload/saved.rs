//! The URL of an unfinished upload, saved so that another run of the command can continue it.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use url::Url;

use super::arguments::Details;
use super::video::Video;
use crate::model::{Digest, Length};

/// The file for one video, one report and one server.
pub(super) struct SavedUpload {
    path: Option<PathBuf>,
    length: Length,
    sha256: Digest,
}

/// The content of the file. The URL is a secret: it is enough to continue the upload.
#[derive(Serialize, Deserialize)]
struct Content {
    upload: String,
    length: Length,
    sha256: Digest,
}

impl SavedUpload {
    /// In `$XDG_STATE_HOME/forte-media/uploads` or `~/.local/state/forte-media/uploads`; without
    /// these variables nothing is saved.
    pub(super) fn new(
        environment: &BTreeMap<String, String>,
        server: &Url,
        details: &Details,
        video: &Video,
    ) -> Self {
        let key = format!("{server}\n{}\n{}", details.ref_key, video.sha256);
        let name = format!("{}.json", Digest::new(Sha256::digest(key).into()));
        let path = state_home(environment).map(|home| home.join("forte-media/uploads").join(name));
        Self { path, length: video.length, sha256: video.sha256 }
    }

    /// The upload of an earlier run. A file that cannot be read counts as none.
    pub(super) fn upload(&self) -> Option<Url> {
        let text = fs::read(self.path.as_ref()?).ok()?;
        let content: Content = serde_json::from_slice(&text).ok()?;
        let same = content.length == self.length && content.sha256 == self.sha256;
        if same { content.upload.parse().ok() } else { None }
    }

    pub(super) fn save(&self, upload: &Url) -> io::Result<()> {
        let location = self.path.as_deref().and_then(|path| Some((path, path.parent()?)));
        let (path, folder) = location.ok_or_else(|| io::Error::other("HOME is not set"))?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let (length, sha256) = (self.length, self.sha256);
        let content = Content { upload: upload.to_string(), length, sha256 };
        // Has mode 0600, and replaces the old file atomically.
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(&serde_json::to_vec(&content)?)?;
        file.persist(path)?;
        Ok(())
    }

    pub(super) fn remove(&self) {
        if let Some(path) = &self.path {
            // An error means that nothing was saved.
            let _not_there = fs::remove_file(path);
        }
    }
}

/// The XDG specification ignores relative folders.
fn state_home(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let absolute = |name| environment.get(name).map(Path::new).filter(|path| path.is_absolute());
    let configured = absolute("XDG_STATE_HOME").map(Path::to_owned);
    configured.or_else(|| Some(absolute("HOME")?.join(".local/state")))
}
