//! Building the clients.

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
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use super::{Limits, S3};
use crate::storage::{S3Config, StorageError};

/// What stores without regions of their own call theirs.
const DEFAULT_REGION: &str = "us-east-1";

impl S3 {
    pub(in crate::storage) async fn open(
        config: &S3Config,
        bucket: String,
        prefix: &str,
    ) -> Result<Self, StorageError> {
        let limits = limits(config)?;
        let connect = positive("storage.s3.connect_timeout", config.connect_timeout)?;
        let shared = shared(config).await;
        let client = |endpoint: Option<&String>| {
            let base = base(&shared, config, connect, limits.answer);
            let built = match endpoint {
                Some(url) => base.endpoint_url(url),
                None => base,
            };
            Client::from_conf(built.build())
        };
        Ok(Self {
            client: client(config.endpoint.as_ref()),
            public: client(config.public_endpoint.as_ref().or(config.endpoint.as_ref())),
            bucket,
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
            transfers: Semaphore::new(config.transfers.clamp(1, Semaphore::MAX_PERMITS)),
            limits,
        })
    }
}

fn limits(config: &S3Config) -> Result<Limits, StorageError> {
    let pause = positive("storage.s3.first_pause", config.first_pause)?;
    let pauses = ExponentialBuilder::new()
        .with_jitter()
        .with_min_delay(pause)
        .with_max_times(config.tries.saturating_sub(1));
    Ok(Limits {
        answer: positive("storage.s3.answer_timeout", config.answer_timeout)?,
        slowest_link: config.slowest_link.max(1),
        pauses,
    })
}

fn positive(setting: &'static str, time: SignedDuration) -> Result<Duration, StorageError> {
    let wrong = |reason: String| StorageError::Setting { setting, reason };
    let time = Duration::try_from(time).map_err(|e| wrong(e.to_string()))?;
    if time.is_zero() { Err(wrong("must be more than nothing".to_owned())) } else { Ok(time) }
}

/// Keys and region from where every AWS tool takes them.
async fn shared(config: &S3Config) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(region(config).await);
    if let Some(file) = &config.credentials_file {
        loader = loader.credentials_provider(from_file(file));
    }
    loader.load().await
}

async fn region(config: &S3Config) -> Region {
    if let Some(region) = &config.region {
        return Region::new(region.clone());
    }
    // Asking AWS where we are takes seconds when we are not there.
    let asked = if config.endpoint.is_some() {
        EnvironmentVariableRegionProvider::new().region().await
    } else {
        DefaultRegionChain::builder().build().region().await
    };
    asked.unwrap_or(Region::from_static(DEFAULT_REGION))
}

fn from_file(path: &Path) -> ProfileFileCredentialsProvider {
    let files = EnvConfigFiles::builder().with_file(EnvConfigFileKind::Credentials, path).build();
    ProfileFileCredentialsProvider::builder().profile_files(files).build()
}

fn base(shared: &SdkConfig, config: &S3Config, connect: Duration, silence: Duration) -> Builder {
    aws_sdk_s3::config::Builder::from(shared)
        .force_path_style(config.path_style)
        // We compute the hash ourselves, while the bytes arrive: the SDK's default costs
        // three times the processor time.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(RetryConfig::disabled())
        // No read timeout: it counts the time of sending. Whole tries are limited in `within`.
        .timeout_config(TimeoutConfig::builder().connect_timeout(connect).build())
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled().grace_period(silence).build(),
        )
}
