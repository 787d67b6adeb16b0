//! Credentials that are read again: a file that was replaced, temporary keys that were renewed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_s3::config::Region;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::model::Clock;

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
                let kind = EnvConfigFileKind::Credentials;
                let files = EnvConfigFiles::builder().with_file(kind, path).build();
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
