//! An upload begins.

use crate::database::{ContentId, NewUpload, ReportRow};
use crate::model::{Door, Length, Person, RefKey, ReportStatus, UploadId};

use super::{Details, Secret, UploadError, UploadService};
use jiff::Timestamp;

/// A video somebody wants to send in pieces.
#[derive(Debug, Clone)]
pub struct NewVideo {
    /// Who sends it.
    pub person: Person,
    /// For which report, when, where.
    pub details: Details,
    /// How long it is.
    pub length: Length,
    /// `Upload-Metadata` as given, to be echoed (T-33).
    pub metadata: String,
    /// By which door.
    pub door: Door,
}

/// An upload that was made.
pub struct Created {
    /// Its id.
    pub id: UploadId,
    /// The secret of its URL; shown this once.
    pub secret: Secret,
    /// When it ends if nothing comes.
    pub expires_at: Timestamp,
}

impl UploadService {
    /// Makes an upload, if its report awaits one.
    ///
    /// # Errors
    /// [`UploadError::TooLong`], [`UploadError::Forbidden`], [`UploadError::NoReport`],
    /// [`UploadError::AlreadySubmitted`], [`UploadError::Reused`], [`UploadError::RefusedBefore`],
    /// [`UploadError::Closed`], [`UploadError::TooMany`], or when the database is away.
    pub async fn create(&self, video: NewVideo) -> Result<Created, UploadError> {
        if video.length > self.config.max_length {
            return Err(UploadError::TooLong { max: self.config.max_length.get() });
        }
        let (person, details) = (&video.person, &video.details);
        let (ref_key, declared) = (details.ref_key, details.declared);
        self.awaits(person, ref_key).await?;
        self.not_used(person, ref_key, declared).await?;
        let marks = ContentId { ref_key, length: Some(video.length), declared, head: None };
        self.not_again(person, &marks).await?;
        let NewVideo { person, details, length, metadata, door } = video;
        self.record(person, door, Some(details), Some(length), metadata).await
    }

    /// Whether the report is the person's and awaits a video.
    pub(super) async fn awaits(&self, person: &Person, ref_key: RefKey) -> Result<(), UploadError> {
        let report = self.report_for(person, ref_key).await?;
        match report.status {
            ReportStatus::Submit | ReportStatus::Rejected => Ok(()),
            ReportStatus::Submitted => Err(UploadError::AlreadySubmitted { held: report.held }),
            ReportStatus::Accepted => Err(UploadError::Closed),
        }
    }

    /// The report, if it is this person's to film: of their company, and of a vehicle they see (Q37).
    /// Whoever decides on videos sends none: they would approve their own.
    pub(super) async fn report_for(
        &self,
        person: &Person,
        ref_key: RefKey,
    ) -> Result<ReportRow, UploadError> {
        if person.role.decides() {
            return Err(UploadError::Forbidden);
        }
        let report = self.database.report(ref_key).await?;
        let report = report.filter(|report| report.company == person.company);
        let report = report.ok_or(UploadError::NoReport)?;
        let seen = self.database.may_see_report(person, ref_key).await?;
        if seen { Ok(report) } else { Err(UploadError::NoReport) }
    }

    pub(super) async fn record(
        &self,
        person: Person,
        door: Door,
        details: Option<Details>,
        length: Option<Length>,
        metadata: String,
    ) -> Result<Created, UploadError> {
        let max = self.config.max_open_per_person;
        if self.database.count_active_uploads(person.id).await? >= max {
            return Err(UploadError::TooMany { max });
        }
        let secret = Secret::mint(&self.random);
        let now = self.clock.now();
        let new = NewUpload {
            id: UploadId::mint(&self.clock, &self.random),
            secret_hash: secret.hash(),
            person,
            door,
            details,
            length,
            metadata,
            created_at: now,
            expires_at: self.expiry(now),
        };
        self.database.create_upload(&new).await?;
        metrics::counter!("forte_media_uploads_created_total", "door" => door.as_str())
            .increment(1);
        Ok(Created { id: new.id, secret, expires_at: new.expires_at })
    }
}
