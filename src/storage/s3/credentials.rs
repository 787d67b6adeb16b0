//! Credentials that are read again: a file that was replaced, temporary keys that were renewed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_s3::config::Region;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::model::{Clock, text_of};
use crate::storage::config::S3Config;
use crate::storage::error::StorageError;

/// Keys with less life left are renewed before a request.
const LONGEST_REQUEST: SignedDuration = SignedDuration::from_mins(3);

/// Where keys come from. The SDK's providers read a file once in their life, so each read makes a new one.
#[derive(Debug, Clone)]
pub(super) enum CredentialsSource {
    /// A file in the AWS format.
    File(PathBuf),
    /// The standard AWS variables, profiles and metadata services.
    Standard(Region),
}

impl CredentialsSource {
    async fn read(&self) -> provider::Result {
        match self {
            Self::File(path) => {
                // The SDK would take a byte order mark for a part of the first line.
                let text = tokio::fs::read(path).await.and_then(|bytes| Ok(text_of(&bytes)?));
                let text = text.map_err(|error| {
                    let message = format!("could not read {}: {error}", path.display());
                    CredentialsError::invalid_configuration(message)
                })?;
                let kind = EnvConfigFileKind::Credentials;
                let files = EnvConfigFiles::builder().with_contents(kind, text).build();
                let provider = ProfileFileCredentialsProvider::builder().profile_files(files);
                provider.build().provide_credentials().await
            }
            Self::Standard(region) => {
                let chain = DefaultCredentialsChain::builder().region(region.clone());
                chain.build().await.provide_credentials().await
            }
        }
    }
}

/// Refuses files of keys that are not text. A file that does not exist may be created later.
pub(super) fn check_files(config: &S3Config) -> Result<(), StorageError> {
    for (setting, file) in [
        ("storage.s3.credentials_file", &config.credentials_file),
        ("storage.s3.link_credentials_file", &config.link_credentials_file),
    ] {
        let Some(path) = file else { continue };
        let Ok(bytes) = std::fs::read(path) else { continue };
        if let Err(error) = text_of(&bytes) {
            let reason = format!("{}: {error}", path.display());
            return Err(StorageError::Setting { setting, reason });
        }
    }
    Ok(())
}

/// Keys that are read again: without an expiry at an interval, otherwise before they expire. The SDK's own
/// cache keeps keys for at least 15 minutes.
#[derive(Debug, Clone)]
pub(super) struct CachedCredentials {
    source: CredentialsSource,
    reread: Duration,
    current: Arc<Mutex<Option<(Instant, Credentials)>>>,
}

impl CachedCredentials {
    pub(super) fn new(source: CredentialsSource, reread: Duration) -> Self {
        Self { source, reread, current: Arc::default() }
    }

    /// Keys that live until then, or as long as possible. A link dies with the keys that signed it.
    pub(super) async fn until(&self, until: Timestamp) -> provider::Result {
        let mut current = self.current.lock().await;
        if let Some((read_at, keys)) = &*current
            && match keys.expiry() {
                Some(expiry) => Timestamp::try_from(expiry).is_ok_and(|expiry| expiry >= until),
                None => read_at.elapsed() < self.reread,
            }
        {
            return Ok(keys.clone());
        }
        let keys = self.source.read().await?;
        *current = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }
}

impl ProvideCredentials for CachedCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.until(Clock::system().now() + LONGEST_REQUEST))
    }
}

#[cfg(test)]
mod tests {
    use super::CredentialsSource;

    #[tokio::test]
    async fn a_byte_order_mark_before_the_keys_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let keys = "[default]\naws_access_key_id = id\naws_secret_access_key = secret\n";
        let source = CredentialsSource::File(path.clone());
        for mark in ["", "\u{feff}"] {
            std::fs::write(&path, format!("{mark}{keys}")).unwrap();
            let read = source.read().await.unwrap();
            assert_eq!((read.access_key_id(), read.secret_access_key()), ("id", "secret"));
        }
    }
}
