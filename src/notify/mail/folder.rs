//! Mails as files, for development: `{id}.eml`, so that names sort by time as ids do.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use lettre::Message;
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use crate::model::{EventId, error_chain};
use crate::notify::delivery::Delivery;

/// The SMTP reply to an accepted mail.
const ACCEPTED: u16 = 250;

pub(super) struct MailFolder(pub(super) PathBuf);

impl MailFolder {
    pub(super) async fn deliver(&self, id: EventId, message: &Message) -> Delivery {
        match self.write(id.to_string(), message.formatted()).await {
            Ok(()) => Delivery::Delivered { status: ACCEPTED },
            Err(error) => Delivery::failed(error_chain(&error)),
        }
    }

    pub(super) async fn check_writable(&self) -> io::Result<()> {
        self.write("check".to_owned(), Vec::new()).await?;
        fs::remove_file(self.0.join("check.eml"))
    }

    /// Renames the complete file to its final name. Only the owner may read it (0600): it holds codes.
    async fn write(&self, name: String, bytes: Vec<u8>) -> io::Result<()> {
        let folder = self.0.clone();
        let write = move || {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            let mut file = NamedTempFile::new_in(&folder)?;
            file.write_all(&bytes)?;
            file.persist(folder.join(format!("{name}.eml")))?;
            Ok(())
        };
        spawn_blocking(write).await?
    }
}
