//! Stores and serves pictures.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::cache::{Picture, PictureCache, Subject};
use super::qr::{self, QrFormat};
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
    cache: PictureCache,
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
        let cache = PictureCache::new(config.picture_cache);
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
        let tag = tag_of(&png);
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
            let bytes = Bytes::from_static(PLACEHOLDER);
            return Ok(Some(Picture { bytes, tag: "placeholder".to_owned() }));
        }
        let subject = Subject::VehicleType(code);
        if let Some(picture) = self.0.cache.get(subject).filter(|picture| picture.tag == tag) {
            return Ok(Some(picture));
        }
        let Some((base64, tag)) = self.0.database.type_picture_and_tag(code).await? else {
            return Ok(None);
        };
        let png = STANDARD.decode(base64).map_err(|error| PictureError::Internal(error.into()))?;
        Ok(Some(self.0.cache.insert(subject, Picture { bytes: png.into(), tag })))
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
    ) -> Result<Option<Picture>, PictureError> {
        let company = self.0.database.vehicle_company(vehicle).await?;
        let sees = |company: CompanyId| person.is_none_or(|person| may_see(person, company));
        if !company.is_some_and(sees) {
            return Ok(None);
        }
        let subject = Subject::Qr(vehicle, format);
        if let Some(code) = self.0.cache.get(subject) {
            return Ok(Some(code)); // its content depends on nothing else
        }
        let payload = self.0.config.qr_template.fill(vehicle);
        let bytes = qr::render(&payload, format).map_err(PictureError::Internal)?;
        let tag = tag_of(&bytes);
        Ok(Some(self.0.cache.insert(subject, Picture { bytes: bytes.into(), tag })))
    }
}

/// The version of a picture.
fn tag_of(bytes: &[u8]) -> String {
    let mut tag = hex::encode(Sha256::digest(bytes));
    tag.truncate(TAG_LENGTH);
    tag
}

fn may_see(person: &Person, company: CompanyId) -> bool {
    let sees_all = person.role == Role::Reviewer && person.company == CompanyId::LESSOR;
    sees_all || person.company == company
}
