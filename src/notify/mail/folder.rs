//! Mails as files, for development: `{id}.eml`, so that names sort by time as ids do.

use std::io;
use std::path::{Path, PathBuf};

use lettre::Message;
use tokio::fs::{self, OpenOptions};
use tokio::io::AsyncWriteExt as _;

use crate::model::{EventId, error_chain};
use crate::notify::delivery::Delivery;

/// The SMTP reply to an accepted mail.
const ACCEPTED: u16 = 250;

pub(super) struct MailFolder(PathBuf);

impl MailFolder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) async fn deliver(&self, id: EventId, message: &Message) -> Delivery {
        match self.write(&id.to_string(), &message.formatted()).await {
            Ok(()) => Delivery::Delivered { status: ACCEPTED },
            Err(error) => Delivery::failed(error_chain(&error)),
        }
    }

    pub(super) async fn check_writable(&self) -> io::Result<()> {
        self.write("check", b"").await?;
        fs::remove_file(self.0.join("check.eml")).await
    }

    /// Renames the complete file to its final name. Only the owner may read it: it holds codes.
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
