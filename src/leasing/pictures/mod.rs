//! Pictures: of types of vehicles (E11), and codes that name a vehicle (E10).

mod code;
mod drawing;

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::address::address_key;
use super::config::Config;
use crate::database::{Database, DatabaseError};
use crate::model::{Clock, CompanyId, Person, Recent, Role, TypeCode, VehicleGuid};

pub use drawing::DrawingError;

use drawing::redrawn;

/// The stretch in which requests for codes count (S62).
const LATELY: SignedDuration = SignedDuration::from_secs(60);

/// How many hex digits of its hash name a version of a picture.
const TAG_LENGTH: usize = 16;

/// Makes, keeps and shows pictures. Cheap to clone.
#[derive(Clone)]
pub struct Pictures(Arc<Inner>);

struct Inner {
    database: Database,
    clock: Clock,
    config: Config,
    /// Decoding takes `picture_memory`, so few may do it at a time.
    decoding: Arc<Semaphore>,
    asked: Recent,
}

/// A picture of a type of vehicles.
#[derive(Debug, Clone)]
pub struct Picture {
    /// PNG, written by us.
    pub png: Bytes,
    /// Its version: the beginning of its hash.
    pub tag: String,
}

/// Which form a code has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeFormat {
    /// Pixels.
    Png,
    /// Lines.
    Svg,
}

/// Why a picture is not taken or shown.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It cannot be read.
    #[error(transparent)]
    Drawing(#[from] DrawingError),
    /// There is no such type of vehicles.
    #[error("there is no such type of vehicles")]
    NoType,
    /// As many are being read as may be at a time.
    #[error("as many pictures are being read as may be")]
    Busy,
    /// Too many codes were asked for (S62).
    #[error("too many codes were asked for")]
    TooMany {
        /// How long that lasts.
        wait: SignedDuration,
    },
    /// The database is away: ask again.
    #[error("the database is away")]
    Away(#[source] DatabaseError),
    /// Ours to mend.
    #[error("something is broken")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<DatabaseError> for PictureError {
    fn from(error: DatabaseError) -> Self {
        if error.is_transient() { Self::Away(error) } else { Self::Internal(error.into()) }
    }
}

impl Pictures {
    /// The pictures of this database.
    #[must_use]
    pub fn new(database: Database, clock: Clock, config: Config) -> Self {
        let decoding = Arc::new(Semaphore::new(config.pictures_at_once));
        let asked = Recent::new(config.qr_per_minute, LATELY);
        Self(Arc::new(Inner { database, clock, config, decoding, asked }))
    }

    /// Takes a PNG or JPEG for a type of vehicles: read, made small enough, written anew. Returns
    /// its version.
    ///
    /// # Errors
    /// When it is no picture we take, there is no such type, or the database fails.
    pub async fn keep(&self, code: TypeCode, sent: Bytes) -> Result<String, PictureError> {
        let place = Arc::clone(&self.0.decoding).try_acquire_owned();
        let place = place.map_err(|_| PictureError::Busy)?;
        let (side, memory) = (self.0.config.picture_side, self.0.config.picture_memory);
        let drawn = tokio::task::spawn_blocking(move || {
            let drawn = redrawn(&sent, side, memory);
            drop(place);
            drawn
        });
        let png = drawn.await.map_err(|ended| PictureError::Internal(ended.into()))??;
        let mut tag = hex::encode(Sha256::digest(&png));
        tag.truncate(TAG_LENGTH);
        let kept = self.0.database.set_type_picture(code, &STANDARD.encode(&png), &tag).await?;
        if kept { Ok(tag) } else { Err(PictureError::NoType) }
    }

    /// Whether there is such a type of vehicles: asked before its picture is read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_type(&self, code: TypeCode) -> Result<bool, PictureError> {
        Ok(self.0.database.type_picture_and_tag(code).await?.is_some())
    }

    /// The picture of a type of vehicles, if it has one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn picture(&self, code: TypeCode) -> Result<Option<Picture>, PictureError> {
        let kept = self.0.database.type_picture_and_tag(code).await?;
        let Some((picture, tag)) = kept.filter(|(picture, _)| !picture.is_empty()) else {
            return Ok(None);
        };
        let png = STANDARD.decode(picture).map_err(|wrong| PictureError::Internal(wrong.into()))?;
        Ok(Some(Picture { png: png.into(), tag }))
    }

    /// Whether a person has to be signed in for a code.
    #[must_use]
    pub fn codes_need_a_person(&self) -> bool {
        self.0.config.qr_requires_login
    }

    /// Counts a request for a code from this address (S62).
    ///
    /// # Errors
    /// When there were too many.
    pub fn count(&self, address: IpAddr) -> Result<(), PictureError> {
        let (key, now) = (address_key(address), self.0.clock.now());
        if let Some(wait) = self.0.asked.too_often(&key, now) {
            return Err(PictureError::TooMany { wait });
        }
        self.0.asked.note(&key, now);
        Ok(())
    }

    /// The code that names a vehicle, none when there is no such vehicle. For a person it has to be
    /// their company's (S24).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn code(
        &self,
        vehicle: VehicleGuid,
        person: Option<&Person>,
        format: CodeFormat,
    ) -> Result<Option<Vec<u8>>, PictureError> {
        let company = self.0.database.vehicle_company(vehicle).await?;
        let sees = |company: &CompanyId| person.is_none_or(|person| may_see(person, *company));
        if !company.as_ref().is_some_and(sees) {
            return Ok(None);
        }
        let payload = self.0.config.qr_template.filled(vehicle);
        let drawn = match format {
            CodeFormat::Png => code::png(&payload),
            CodeFormat::Svg => code::svg(&payload),
        };
        drawn.map(Some).map_err(PictureError::Internal)
    }
}

fn may_see(person: &Person, company: CompanyId) -> bool {
    let sees_all = person.role == Role::Reviewer && person.company == CompanyId::LESSOR;
    sees_all || person.company == company
}
