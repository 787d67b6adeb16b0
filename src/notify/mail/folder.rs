//! Letters as files, for development: `{id}.eml`, sorted by time as the ids are.

use std::io;
use std::path::{Path, PathBuf};

use lettre::Message;
use tokio::fs::{self, OpenOptions};
use tokio::io::AsyncWriteExt as _;

use crate::model::{EventId, error_chain};
use crate::notify::Delivery;

/// What a mail server says that has taken a letter.
const TAKEN: u16 = 250;

/// A folder of letters.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) async fn deliver(&self, id: EventId, message: &Message) -> Delivery {
        match self.write(&id.to_string(), &message.formatted()).await {
            Ok(()) => Delivery::Delivered { status: TAKEN },
            Err(error) => {
                Delivery::Later { after: None, status: None, reason: error_chain(&error) }
            }
        }
    }

    /// Whether a file can be written there.
    pub(super) async fn examine(&self) -> io::Result<()> {
        self.write("examined", b"").await?;
        fs::remove_file(self.0.join("examined.eml")).await
    }

    /// The file is whole when its name is there. Nobody else may read it: it holds codes.
    async fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.0).await?;
        let part = self.0.join(format!("{name}.part"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&part).await?;
        file.write_all(bytes).await?;
        file.flush().await?;
        drop(file);
        fs::rename(&part, self.0.join(format!("{name}.eml"))).await
    }
}
