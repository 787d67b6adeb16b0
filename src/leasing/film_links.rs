//! Issues and revokes film links, which open the driver's page for one report.
//!
//! The secret of a link is an HMAC of its id. The database stores only its hash, and still a repeated request or
//! a repeated message of 1C gets the same link.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::database::{Database, DatabaseError, IssueOutcome, NewFilmLink};
use crate::model::{
    Clock, CompanyId, Digest, FilmLinkId, Person, Random, RefKey, ReportStatus, Role,
};

use super::config::FilmLinkPeriod;

/// Cheap to clone.
#[derive(Clone)]
pub struct FilmLinks {
    database: Database,
    clock: Clock,
    random: Random,
    key: [u8; 32],
    period: FilmLinkPeriod,
    /// `http.public_url`, for links that 1C passes on: the URL of its own request may not be reachable for a phone.
    public_url: Option<String>,
}

/// A valid link.
#[derive(Debug, Clone)]
pub struct IssuedFilmLink {
    pub id: FilmLinkId,
    /// The path below the base URL. The secret is in the fragment, which browsers do not send to the server.
    pub path: String,
    pub expires_at: Timestamp,
}

/// The caller that issues or revokes a link.
#[derive(Debug, Clone)]
pub enum FilmLinkIssuer<'a> {
    /// A director, for reports of their own company.
    Person(&'a Person),
    /// A node of 1C, for every company.
    Node(&'a str),
}

/// A link was not issued or revoked.
#[derive(Debug, thiserror::Error)]
pub enum FilmLinkError {
    #[error("only directors may issue and revoke film links")]
    Forbidden,
    #[error("must be between 1 and {} hours", FilmLinkPeriod::LONGEST.as_hours())]
    Period,
    #[error("this report does not exist")]
    NotFound,
    /// The report has a video, or is approved.
    #[error("the report does not wait for a video")]
    NotOpen(ReportStatus),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl FilmLinks {
    pub const fn new(
        database: Database,
        clock: Clock,
        random: Random,
        key: [u8; 32],
        period: FilmLinkPeriod,
        public_url: Option<String>,
    ) -> Self {
        Self { database, clock, random, key, period, public_url }
    }

    /// Fails unless the caller may issue and revoke links.
    pub fn authorize(issuer: &FilmLinkIssuer<'_>) -> Result<(), FilmLinkError> {
        match issuer {
            FilmLinkIssuer::Person(person) if person.role != Role::Admin => {
                Err(FilmLinkError::Forbidden)
            }
            _ => Ok(()),
        }
    }

    /// Issues a link, or returns the one that the issuer already has for this report.
    pub async fn issue(
        &self,
        issuer: &FilmLinkIssuer<'_>,
        ref_key: RefKey,
        period: Option<SignedDuration>,
    ) -> Result<IssuedFilmLink, FilmLinkError> {
        Self::authorize(issuer)?;
        let period = match period {
            Some(period) => FilmLinkPeriod::new(period).ok_or(FilmLinkError::Period)?,
            None => self.period,
        };
        let (id, now) = (FilmLinkId::mint(&self.clock, &self.random), self.clock.now());
        let new = NewFilmLink {
            id,
            secret_hash: Digest::new(Sha256::digest(self.secret(id)).into()),
            ref_key,
            scope: issuer.scope(),
            issuer: issuer.actor(),
            now,
            expires_at: now + period.get(),
        };
        match self.database.issue_film_link(&new).await? {
            IssueOutcome::Issued { id, expires_at } => {
                let path = format!("/drive/film#{}", self.secret(id));
                Ok(IssuedFilmLink { id, path, expires_at })
            }
            IssueOutcome::NotOpen(status) => Err(FilmLinkError::NotOpen(status)),
            IssueOutcome::NoReport => Err(FilmLinkError::NotFound),
        }
    }

    /// The URL of a link that 1C sends to a driver. `None` if the report does not wait for a video, or if
    /// `http.public_url` is not set.
    pub async fn address_for_node(
        &self,
        node: &str,
        ref_key: RefKey,
    ) -> Result<Option<String>, DatabaseError> {
        match self.issue(&FilmLinkIssuer::Node(node), ref_key, None).await {
            Ok(link) => Ok(self.public_address(&link)),
            Err(FilmLinkError::Database(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// The URL below `http.public_url`; `None` if that is not set.
    pub fn public_address(&self, link: &IssuedFilmLink) -> Option<String> {
        Some(format!("{}{}", self.public_url.as_ref()?, link.path))
    }

    /// Revokes all links for a report.
    pub async fn revoke(
        &self,
        issuer: &FilmLinkIssuer<'_>,
        ref_key: RefKey,
    ) -> Result<u64, FilmLinkError> {
        Self::authorize(issuer)?;
        let now = self.clock.now();
        let revoked = self.database.revoke_film_links(ref_key, issuer.scope(), now).await?;
        revoked.ok_or(FilmLinkError::NotFound)
    }

    /// The secret of a link: 192 bits of the HMAC of its id.
    fn secret(&self, id: FilmLinkId) -> String {
        let mut block = [0; 64];
        block.iter_mut().zip(&self.key).for_each(|(byte, key)| *byte = *key);
        let mac = Hmac::<Sha256>::new(&block.into()).chain_update(id.to_string()).finalize();
        let bytes: Vec<u8> = mac.into_bytes().into_iter().take(24).collect();
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

impl FilmLinkIssuer<'_> {
    fn scope(&self) -> Option<CompanyId> {
        match self {
            Self::Person(person) => Some(person.company),
            Self::Node(_) => None,
        }
    }

    fn actor(&self) -> String {
        match self {
            Self::Person(person) => person.id.actor(),
            Self::Node(login) => format!("node:{login}"),
        }
    }
}
