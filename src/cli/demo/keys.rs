//! `keys.json`: the secrets of a demo folder, and the seed of its report keys. Written once, so that
//! tokens, links and reports of an earlier run stay valid.

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

const FILE: &str = "keys.json";

#[derive(Serialize, Deserialize)]
pub(super) struct Keys {
    /// Signs tokens and links.
    auth_secret: String,
    /// Signs webhooks (Standard Webhooks).
    pub(super) webhook_secret: String,
    pub(super) reviewer: Account,
    /// 1C's account.
    pub(super) exchange: Account,
    /// The keys of reports are derived from it.
    seed: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) login: String,
    pub(super) password: String,
}

impl Keys {
    /// Reads the keys of `folder`, or creates them.
    pub(super) fn load_or_create(folder: &Path, random: &Random) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let keys = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(Into::into),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::create(&path, random),
            Err(error) => Err(error.into()),
        };
        keys.with_context(|| path.display().to_string())
    }

    fn create(path: &Path, random: &Random) -> anyhow::Result<Self> {
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

    pub(super) fn auth_secret(&self) -> SecretString {
        self.auth_secret.as_str().into()
    }

    /// The key of report `number`: the same in every run, and different in every folder.
    pub(super) fn report_key(&self, number: usize) -> RefKey {
        let hash = Sha256::digest(format!("{}/{number}", self.seed));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Builder::from_random_bytes(bytes).into_uuid().into()
    }
}
