//! What a furnished folder remembers: its secrets, and what its reports are named after.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Builder;

use crate::model::{Random, RefKey};

/// The file in the data folder.
const FILE: &str = "keys.json";

/// The secrets of one house. Made once for a folder, so that tokens, links and reports of an
/// earlier run stay good.
#[derive(Serialize, Deserialize)]
pub(super) struct Keys {
    /// What tokens and links are signed with.
    auth_secret: String,
    /// What events are signed with (Standard Webhooks).
    pub(super) webhook_secret: String,
    /// The account of the reviewer.
    pub(super) reviewer: Account,
    /// The account of 1C.
    pub(super) exchange: Account,
    /// What the keys of reports are made from.
    seed: String,
}

/// A name and a password.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Account {
    /// The name.
    pub(super) login: String,
    /// The password.
    pub(super) password: String,
}

impl Keys {
    /// The keys in `folder`; made and kept there when it has none.
    pub(super) fn of_folder(folder: &Path, random: &Random) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let keys = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(Into::into),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::make(&path, random),
            Err(error) => Err(error.into()),
        };
        keys.with_context(|| format!("the keys of this house, {}", path.display()))
    }

    fn make(path: &Path, random: &Random) -> anyhow::Result<Self> {
        let account = |login: &str| {
            let password = hex::encode(random.bytes::<12>());
            Account { login: login.to_owned(), password }
        };
        let keys = Self {
            auth_secret: STANDARD.encode(random.bytes::<48>()),
            webhook_secret: format!("whsec_{}", STANDARD.encode(random.bytes::<32>())),
            reviewer: account("reviewer"),
            exchange: account("exchange"),
            seed: hex::encode(random.bytes::<16>()),
        };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&serde_json::to_vec_pretty(&keys)?)?;
        file.sync_all()?;
        Ok(keys)
    }

    /// What tokens and links are signed with, as `auth.secret`.
    pub(super) fn secret(&self) -> SecretString {
        self.auth_secret.as_str().into()
    }

    /// The key of this house's report with this number: the same each time, and no other house's.
    pub(super) fn report(&self, number: usize) -> RefKey {
        let hash = Sha256::digest(format!("{}/{number}", self.seed));
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash).for_each(|(byte, hashed)| *byte = hashed);
        Builder::from_random_bytes(bytes).into_uuid().into()
    }
}
