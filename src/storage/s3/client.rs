//! The S3 clients and the limits of a request.

use std::path::Path;
use std::time::Duration;

use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion as _;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use backon::ExponentialBuilder;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::failure::{S3Failure, with_timeout};
use crate::storage::config::S3Config;
use crate::storage::error::StorageError;

/// The conventional region of stores that have no regions.
const DEFAULT_REGION: &str = "us-east-1";

pub(in crate::storage) struct S3 {
    pub(super) client: Client,
    /// Signs playback links for the endpoint that browsers see; never sends anything.
    pub(super) public: Client,
    pub(super) bucket: String,
    /// Empty, or ends with a slash.
    pub(super) prefix: String,
    pub(super) response_timeout: Duration,
    slowest_link: u64,
    pub(super) backoff: ExponentialBuilder,
    transfers: Semaphore,
}

impl S3 {
    pub(in crate::storage) async fn open(config: &S3Config, bucket: String, prefix: &str) -> Self {
        let shared = shared_config(config).await;
        let client = |endpoint: Option<&String>| {
            let mut builder = builder(&shared, config);
            // Without one, the AWS variables and profiles may name it.
            if let Some(endpoint) = endpoint {
                builder.set_endpoint_url(Some(endpoint.clone()));
            }
            Client::from_conf(builder.build())
        };
        Self {
            client: client(config.endpoint.as_ref()),
            public: client(config.public_endpoint.as_ref().or(config.endpoint.as_ref())),
            bucket,
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
            response_timeout: config.answer_timeout.unsigned_abs(),
            slowest_link: config.slowest_link.max(1),
            backoff: ExponentialBuilder::new()
                .with_jitter()
                .with_min_delay(config.first_pause.unsigned_abs())
                .with_max_times(config.tries.saturating_sub(1)),
            transfers: Semaphore::new(config.transfers.clamp(1, Semaphore::MAX_PERMITS)),
        }
    }

    /// The timeout of an attempt that transfers so many bytes.
    pub(super) fn timeout(&self, bytes: u64) -> Duration {
        self.response_timeout + Duration::from_secs(bytes / self.slowest_link)
    }

    /// Checks that the bucket exists and is accessible.
    pub(in crate::storage) async fn probe(&self) -> Result<(), StorageError> {
        let request = self.client.head_bucket().bucket(&self.bucket).send();
        let response = with_timeout(self.response_timeout, request).await;
        response.map(drop).map_err(|failure| failure.into_error("find", &self.bucket))
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
async fn shared_config(config: &S3Config) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(region(config).await);
    if let Some(file) = &config.credentials_file {
        loader = loader.credentials_provider(credentials(file));
    }
    loader.load().await
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

fn credentials(path: &Path) -> ProfileFileCredentialsProvider {
    let files = EnvConfigFiles::builder().with_file(EnvConfigFileKind::Credentials, path).build();
    ProfileFileCredentialsProvider::builder().profile_files(files).build()
}

fn builder(shared: &SdkConfig, config: &S3Config) -> Builder {
    let connect = config.connect_timeout.unsigned_abs();
    let stalled = StalledStreamProtectionConfig::enabled();
    Builder::from(shared)
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
