//! Stores and serves pictures.

use std::collections::HashMap;
use std::error::Error;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::qr;
use super::reencode::{ImageError, reencode};
use crate::database::{Database, DatabaseError};
use crate::leasing::config::Config;
use crate::model::{
    Clock, CompanyId, Person, RateLimiter, Role, TypeCode, VehicleGuid, address_key,
};

/// The window in which requests for QR codes are counted.
const QR_WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// Hex digits of the hash in a picture's version.
const TAG_LENGTH: usize = 16;

/// Pictures in memory. 1C has about a dozen types; a picture has at most a few MB.
const MAX_CACHED: usize = 32;

/// The outline of a car.
const PLACEHOLDER: &[u8] = include_bytes!("placeholder.png");

/// The picture of a type without one.
pub(in crate::leasing) fn placeholder_base64() -> String {
    STANDARD.encode(PLACEHOLDER)
}

/// Pictures and QR codes. Cheap to clone.
#[derive(Clone)]
pub struct Pictures(Arc<Inner>);

struct Inner {
    database: Database,
    clock: Clock,
    config: Config,
    /// Each decoder takes `picture_memory`.
    decoders: Arc<Semaphore>,
    qr_requests: RateLimiter,
    /// Decoded pictures, by type. All responses share their bytes.
    cache: Mutex<HashMap<TypeCode, Picture>>,
}

/// The picture of a vehicle type.
#[derive(Debug, Clone)]
pub struct Picture {
    pub png: Bytes,
    /// The version: the first digits of its SHA-256.
    pub tag: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QrFormat {
    Png,
    Svg,
}

/// Why a picture is not stored or served.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error("this vehicle type does not exist")]
    UnknownType,
    #[error("other pictures are being processed; try again in a moment")]
    Busy,
    #[error("too many QR codes were requested; try again later")]
    RateLimited { wait: SignedDuration },
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the picture cannot be processed")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl Pictures {
    pub fn new(database: Database, clock: Clock, config: Config) -> Self {
        let decoders = Arc::new(Semaphore::new(config.pictures_at_once));
        let qr_requests = RateLimiter::new(config.qr_per_minute, QR_WINDOW);
        let cache = Mutex::default();
        Self(Arc::new(Inner { database, clock, config, decoders, qr_requests, cache }))
    }

    /// Stores the picture of a vehicle type, encoded again and scaled down. Returns its version.
    pub async fn store(&self, code: TypeCode, sent: Bytes) -> Result<String, PictureError> {
        let permit = Arc::clone(&self.0.decoders).try_acquire_owned();
        let permit = permit.map_err(|_| PictureError::Busy)?;
        let (side, memory) = (self.0.config.picture_side, self.0.config.picture_memory);
        let png = tokio::task::spawn_blocking(move || {
            let png = reencode(&sent, side, memory);
            drop(permit);
            png
        });
        let png = png.await.map_err(|error| PictureError::Internal(error.into()))??;
        let mut tag = hex::encode(Sha256::digest(&png));
        tag.truncate(TAG_LENGTH);
        let stored = self.0.database.set_type_picture(code, &STANDARD.encode(&png), &tag).await?;
        if stored { Ok(tag) } else { Err(PictureError::UnknownType) }
    }

    /// Whether a vehicle type exists; checked before its picture is read from the network.
    pub async fn has_type(&self, code: TypeCode) -> Result<bool, PictureError> {
        Ok(self.0.database.type_picture_tag(code).await?.is_some())
    }

    /// The picture of a vehicle type: a placeholder if 1C has not sent one. `None` if there is no such
    /// type.
    pub async fn picture(&self, code: TypeCode) -> Result<Option<Picture>, PictureError> {
        let Some(tag) = self.0.database.type_picture_tag(code).await? else { return Ok(None) };
        if tag.is_empty() {
            let png = Bytes::from_static(PLACEHOLDER);
            return Ok(Some(Picture { png, tag: "placeholder".to_owned() }));
        }
        if let Some(picture) = self.cache().get(&code).filter(|picture| picture.tag == tag) {
            return Ok(Some(picture.clone()));
        }
        let Some((base64, tag)) = self.0.database.type_picture_and_tag(code).await? else {
            return Ok(None);
        };
        let png = STANDARD.decode(base64).map_err(|error| PictureError::Internal(error.into()))?;
        Ok(Some(self.cached(code, Picture { png: png.into(), tag })))
    }

    /// Adds a picture to the cache. Concurrent readers of a new picture all get the same bytes.
    fn cached(&self, code: TypeCode, picture: Picture) -> Picture {
        let mut cache = self.cache();
        if let Some(cached) = cache.get(&code).filter(|cached| cached.tag == picture.tag) {
            return cached.clone();
        }
        if cache.len() >= MAX_CACHED
            && let Some(any) = cache.keys().next().copied()
        {
            cache.remove(&any);
        }
        cache.insert(code, picture.clone());
        picture
    }

    fn cache(&self) -> MutexGuard<'_, HashMap<TypeCode, Picture>> {
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn qr_requires_login(&self) -> bool {
        self.0.config.qr_requires_login
    }

    /// Counts a request for a QR code from this address.
    pub fn count_qr_request(&self, address: IpAddr) -> Result<(), PictureError> {
        let (key, now) = (address_key(address), self.0.clock.now());
        if let Some(wait) = self.0.qr_requests.retry_after(&key, now) {
            return Err(PictureError::RateLimited { wait });
        }
        self.0.qr_requests.record(&key, now);
        Ok(())
    }

    /// The QR code of a vehicle, or `None` if the vehicle does not exist or `person` may not see it.
    pub async fn qr_code(
        &self,
        vehicle: VehicleGuid,
        person: Option<&Person>,
        format: QrFormat,
    ) -> Result<Option<Vec<u8>>, PictureError> {
        let company = self.0.database.vehicle_company(vehicle).await?;
        let sees = |company: CompanyId| person.is_none_or(|person| may_see(person, company));
        if !company.is_some_and(sees) {
            return Ok(None);
        }
        let payload = self.0.config.qr_template.fill(vehicle);
        let image = match format {
            QrFormat::Png => qr::png(&payload),
            QrFormat::Svg => qr::svg(&payload),
        };
        image.map(Some).map_err(PictureError::Internal)
    }
}

fn may_see(person: &Person, company: CompanyId) -> bool {
    let sees_all = person.role == Role::Reviewer && person.company == CompanyId::LESSOR;
    sees_all || person.company == company
}
