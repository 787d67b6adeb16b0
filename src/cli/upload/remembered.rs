//! What a restarted command needs to go on: the upload's address, in a file of the user's.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use url::Url;

use super::clip::Clip;
use super::details::Details;
use crate::model::{Digest, Length};

/// Where one video's upload to one report of one server is remembered.
pub(crate) struct Remembered {
    file: Option<PathBuf>,
    length: Length,
    sha256: Digest,
}

/// The file's content. The address is a secret: whoever has it may go on with the upload.
#[derive(Serialize, Deserialize)]
struct Note {
    upload: String,
    length: Length,
    sha256: Digest,
}

impl Remembered {
    /// In `$XDG_STATE_HOME/forte-media/uploads`, or below `~/.local/state`; nowhere, where neither
    /// is named.
    pub(crate) fn new(
        environment: &BTreeMap<String, String>,
        server: &Url,
        details: &Details,
        clip: &Clip,
    ) -> Self {
        let name = file_name(server, details, clip);
        let file = state_home(environment).map(|home| home.join("forte-media/uploads").join(name));
        Self { file, length: clip.length, sha256: clip.sha256 }
    }

    /// The upload an earlier run began. What cannot be read is as good as nothing.
    pub(crate) fn upload(&self) -> Option<Url> {
        let text = fs::read(self.file.as_ref()?).ok()?;
        let note: Note = serde_json::from_slice(&text).ok()?;
        let same = note.length == self.length && note.sha256 == self.sha256;
        if same { note.upload.parse().ok() } else { None }
    }

    /// Remembers the upload, for the eyes of the user only.
    ///
    /// # Errors
    /// When there is no place for it.
    pub(crate) fn keep(&self, upload: &Url) -> io::Result<()> {
        let place = self.file.as_deref().and_then(|file| Some((file, file.parent()?)));
        let (file, folder) = place.ok_or_else(|| io::Error::other("HOME is not set"))?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let note = Note { upload: upload.to_string(), length: self.length, sha256: self.sha256 };
        // Made with mode 0600, and put in place whole or not at all.
        let mut temporary = NamedTempFile::new_in(folder)?;
        temporary.write_all(&serde_json::to_vec(&note)?)?;
        temporary.persist(file)?;
        Ok(())
    }

    /// The upload has ended.
    pub(crate) fn forget(&self) {
        if let Some(file) = &self.file {
            // If it is not there, it is forgotten already.
            let _gone = fs::remove_file(file);
        }
    }
}

/// Relative folders are none, by the XDG base directory specification.
fn state_home(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let absolute = |name| environment.get(name).map(Path::new).filter(|path| path.is_absolute());
    let named = absolute("XDG_STATE_HOME").map(Path::to_owned);
    named.or_else(|| Some(absolute("HOME")?.join(".local/state")))
}

fn file_name(server: &Url, details: &Details, clip: &Clip) -> String {
    let what = format!("{server}\n{}\n{}", details.ref_key, clip.sha256);
    format!("{}.json", Digest::new(Sha256::digest(what).into()))
}
