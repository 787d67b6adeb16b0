//! The S3 clients and the limits of a request.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion as _;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    Builder, IdentityCache, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use backon::ExponentialBuilder;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::credentials::{CachedCredentials, CredentialsSource, check_files};
use super::failure::{FailureKind, S3Failure, with_timeout};
use crate::storage::config::S3Config;
use crate::storage::error::StorageError;

/// The conventional region of stores that have no regions.
const DEFAULT_REGION: &str = "us-east-1";

pub(in crate::storage) struct S3 {
    pub(super) client: Client,
    /// For a second opinion: it has connections of its own.
    pub(super) second_client: Client,
    /// Signs playback links for the endpoint that browsers see; never sends anything.
    pub(super) public: Client,
    /// The keys of `public`.
    pub(super) link_credentials: CachedCredentials,
    pub(super) bucket: String,
    /// Empty, or ends with a slash.
    pub(super) prefix: String,
    pub(super) response_timeout: Duration,
    slowest_link: u64,
    pub(super) backoff: ExponentialBuilder,
    transfers: Semaphore,
}

impl S3 {
    pub(in crate::storage) async fn open(
        config: &S3Config,
        bucket: String,
        prefix: &str,
    ) -> Result<Self, StorageError> {
        check_files(config)?;
        let region = region(config).await;
        let source = |file: Option<&PathBuf>| match file {
            Some(file) => CredentialsSource::File(file.clone()),
            None => CredentialsSource::Standard(region.clone()),
        };
        let reread = config.credentials_reread.unsigned_abs();
        let keys = CachedCredentials::new(source(config.credentials_file.as_ref()), reread);
        let shared = shared_config(region.clone(), keys).await;
        let link_file = config.link_credentials_file.as_ref().or(config.credentials_file.as_ref());
        let link_credentials = CachedCredentials::new(source(link_file), reread);
        let public = config.public_endpoint.as_ref().or(config.endpoint.as_ref());
        let public =
            builder(&shared, config, public).credentials_provider(link_credentials.clone());
        let client =
            || Client::from_conf(builder(&shared, config, config.endpoint.as_ref()).build());
        Ok(Self {
            client: client(),
            second_client: client(),
            public: Client::from_conf(public.build()),
            link_credentials,
            bucket,
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
            response_timeout: config.answer_timeout.unsigned_abs(),
            slowest_link: config.slowest_link.max(1),
            backoff: ExponentialBuilder::new()
                .with_jitter()
                .with_min_delay(config.first_pause.unsigned_abs())
                .with_max_times(config.tries.saturating_sub(1)),
            transfers: Semaphore::new(config.transfers.clamp(1, Semaphore::MAX_PERMITS)),
        })
    }

    /// The timeout of an attempt that transfers so many bytes.
    pub(super) fn timeout(&self, bytes: u64) -> Duration {
        self.response_timeout + Duration::from_secs(bytes / self.slowest_link)
    }

    /// Checks that the bucket exists and is accessible.
    pub(in crate::storage) async fn probe(&self) -> Result<(), StorageError> {
        let request = self.client.head_bucket().bucket(&self.bucket).send();
        let response = with_timeout(self.response_timeout, request).await;
        response.map(drop).map_err(|failure| {
            // The response to a HEAD has no code.
            let is_missing = failure.kind == FailureKind::Missing;
            let failure = if is_missing { failure.without_bucket() } else { failure };
            failure.into_error("find", &self.bucket)
        })
    }

    /// The full name of an object in the bucket.
    pub(super) fn name(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Waits for one of the `transfers` permits.
    pub(super) async fn permit(&self, key: &str) -> Result<SemaphorePermit<'_>, StorageError> {
        let permit = self.transfers.acquire().await;
        permit.map_err(|closed| S3Failure::unclear(closed).into_error("transfer", key))
    }
}

/// Credentials and region, from the sources that every AWS tool uses.
async fn shared_config(region: Region, keys: CachedCredentials) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(keys)
        // `CachedCredentials` caches.
        .identity_cache(IdentityCache::no_cache())
        .load()
        .await
}

async fn region(config: &S3Config) -> Region {
    if let Some(region) = &config.region {
        return Region::new(region.clone());
    }
    // The default chain asks the AWS instance metadata service, which takes seconds outside AWS.
    let found = if config.endpoint.is_some() {
        EnvironmentVariableRegionProvider::new().region().await
    } else {
        DefaultRegionChain::builder().build().region().await
    };
    found.unwrap_or(Region::from_static(DEFAULT_REGION))
}

fn builder(shared: &SdkConfig, config: &S3Config, endpoint: Option<&String>) -> Builder {
    let connect = config.connect_timeout.unsigned_abs();
    let stalled = StalledStreamProtectionConfig::enabled();
    let mut builder = Builder::from(shared);
    // Without one, the AWS variables and profiles may name it.
    if let Some(endpoint) = endpoint {
        builder.set_endpoint_url(Some(endpoint.clone()));
    }
    builder
        .force_path_style(config.path_style)
        // This service computes the hash while the bytes arrive; the SDK's default costs three times
        // the CPU time.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(RetryConfig::disabled())
        // No read timeout: it includes the time of sending. `with_timeout` limits whole attempts.
        .timeout_config(TimeoutConfig::builder().connect_timeout(connect).build())
        .stalled_stream_protection(
            stalled.grace_period(config.answer_timeout.unsigned_abs()).build(),
        )
}
