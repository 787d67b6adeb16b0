//! Film links: they open the driver's page for one report. A link owns its uploads; its negated number stands
//! in place of a person's id ([`PersonId::of_film_link`]).

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{
    BrowserKind, CompanyId, Digest, FilmLinkId, FilmSender, Person, PersonId, RefKey, ReportStatus,
    Role,
};

use super::browsers::BrowserSessionRow;
use super::people::ActiveCaller;
use super::sessions::{NewSession, open};

/// Limit of sessions of one link, so that they cannot fill the table.
const MOST_SESSIONS: i64 = 20;

/// Limit of revoked links of one issuer for one report, so that a loop of issuing and revoking cannot fill the table.
const MOST_REVOKED: i64 = 20;

/// A link to insert.
#[derive(Debug, Clone)]
pub struct NewFilmLink {
    pub id: FilmLinkId,
    /// SHA-256 of the secret of `id`.
    pub secret_hash: Digest,
    pub ref_key: RefKey,
    /// The company that the report must belong to; `None`: any.
    pub scope: Option<CompanyId>,
    /// Such as `person:153` or `node:main`.
    pub issuer: String,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

/// The outcome of an attempt to issue a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueOutcome {
    /// The link of this issuer for the report: a new one, or the existing one with the later of both expiries.
    Issued { id: FilmLinkId, expires_at: Timestamp },
    /// The report has a video, or is approved.
    NotOpen(ReportStatus),
    /// The report does not exist, or is outside the scope.
    NoReport,
}

/// A valid link, found by its secret.
#[derive(Debug, Clone, FromRow)]
pub struct FilmLinkRow {
    pub number: i64,
    #[sqlx(rename = "company_id")]
    pub company: CompanyId,
    /// The status of the report.
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
}

/// The session of a film link.
#[derive(Debug, Clone, FromRow)]
pub struct FilmSessionRow {
    #[sqlx(flatten)]
    pub session: BrowserSessionRow,
    pub ref_key: RefKey,
    /// When the link expires.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub expires_at: Timestamp,
}

impl Database {
    /// Issues a link for a report that waits for a video. An issuer has one link for each report at a time.
    pub async fn issue_film_link(&self, new: &NewFilmLink) -> Result<IssueOutcome, DatabaseError> {
        let mut write = self.write().await?;
        // Locks the report, so that two requests do not issue two links.
        let sql = "UPDATE reports SET revision = revision WHERE ref_key = $1 AND deleted = 0 \
            AND ($2 < 0 OR company_id = $2) RETURNING company_id, status_code";
        let report: Option<(CompanyId, ReportStatus)> =
            query(sql, params![new.ref_key, scope(new.scope)]).optional(&mut write).await?;
        let Some((company, status)) = report else { return Ok(IssueOutcome::NoReport) };
        if !status.is_open() {
            return Ok(IssueOutcome::NotOpen(status));
        }
        let sql = "UPDATE film_links SET expires_at = CASE WHEN expires_at < $1 THEN $1 \
            ELSE expires_at END WHERE ref_key = $2 AND issuer = $3 AND revoked_at = 0 \
            AND expires_at > $4 RETURNING id, expires_at";
        let existing: Option<(FilmLinkId, Stored<Timestamp>)> =
            query(sql, params![new.expires_at, new.ref_key, new.issuer, new.now])
                .optional(&mut write)
                .await?;
        let (id, expires_at) = if let Some((id, Stored(expires_at))) = existing {
            (id, expires_at)
        } else {
            insert(&mut write, new, company).await?;
            (new.id, new.expires_at)
        };
        write.commit().await?;
        Ok(IssueOutcome::Issued { id, expires_at })
    }

    /// Revokes all links for a report. Returns their number, or `None` if the report does not exist or is
    /// outside the scope.
    pub async fn revoke_film_links(
        &self,
        ref_key: RefKey,
        company: Option<CompanyId>,
        now: Timestamp,
    ) -> Result<Option<u64>, DatabaseError> {
        let sql = "SELECT ref_key FROM reports WHERE ref_key = $1 AND deleted = 0 \
            AND ($2 < 0 OR company_id = $2)";
        if !query(sql, params![ref_key, scope(company)]).exists(&self.pool).await? {
            return Ok(None);
        }
        let sql = "UPDATE film_links SET revoked_at = $1 WHERE ref_key = $2 AND revoked_at = 0";
        query(sql, params![now, ref_key]).execute(&self.pool).await.map(Some)
    }

    /// The link with this secret, unless it is revoked or has expired.
    pub async fn film_link(
        &self,
        secret_hash: &Digest,
        now: Timestamp,
    ) -> Result<Option<FilmLinkRow>, DatabaseError> {
        let sql = "SELECT l.number, l.company_id, r.status_code FROM film_links l \
            JOIN companies c ON c.id = l.company_id AND c.active = 1 \
            JOIN reports r ON r.ref_key = l.ref_key AND r.deleted = 0 AND r.company_id = l.company_id \
            WHERE l.secret_hash = $1 AND l.revoked_at = 0 AND l.expires_at > $2";
        query(sql, params![secret_hash, now]).optional(&self.pool).await
    }

    /// Opens a session of a link, and stores the name and telephone number that the driver has entered: with the
    /// session, because several drivers may have the link, and with the link, which outlives its sessions. An empty
    /// value keeps the one of the link.
    pub async fn open_film_session(
        &self,
        number: i64,
        (name, mobile): (&str, &str),
        new: &NewSession,
    ) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        let sql = "UPDATE film_links SET name = CASE WHEN $1 = '' THEN name ELSE $1 END, \
            mobile = CASE WHEN $2 = '' THEN mobile ELSE $2 END WHERE number = $3";
        query(sql, params![*name, *mobile, number]).run(&mut write).await?;
        let link = PersonId::of_film_link(number);
        open(&mut write, link, new).await?;
        let sql = "UPDATE sessions SET stated_name = $1, stated_mobile = $2 WHERE id = $3";
        query(sql, params![*name, *mobile, new.id]).run(&mut write).await?;
        let sql = "DELETE FROM sessions WHERE person_id = $1 AND id NOT IN (SELECT id FROM sessions \
            WHERE person_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2)";
        query(sql, params![link, MOST_SESSIONS]).run(&mut write).await?;
        write.commit().await
    }

    /// The session of a film link's cookie, whether or not it has ended.
    pub async fn film_session(
        &self,
        secret_hash: &Digest,
        now: Timestamp,
    ) -> Result<Option<FilmSessionRow>, DatabaseError> {
        let sql = "SELECT s.id, s.kind, s.person_id, l.company_id, 'employee' AS role, c.biin, s.uuid, \
            CASE WHEN s.stated_name = '' THEN l.name ELSE s.stated_name END AS name, '' AS login, \
            '' AS networks, '' AS language, CAST(1 AS BIGINT) AS single_keys, \
            CAST(0 AS BIGINT) AS undo_seconds, CAST(CASE WHEN l.revoked_at = 0 \
            AND l.expires_at > $1 AND c.active = 1 THEN 1 ELSE 0 END AS BIGINT) AS active, \
            s.created_at, s.seen_at, s.ended_at, l.ref_key, l.expires_at FROM sessions s \
            JOIN film_links l ON l.number = -s.person_id JOIN companies c ON c.id = l.company_id \
            WHERE s.secret_hash = $2 AND s.secret_hash <> '' AND s.kind = $3";
        query(sql, params![now, secret_hash, BrowserKind::Film]).optional(&self.pool).await
    }

    /// The caller of a film link's access token, unless the link or the session has ended.
    pub async fn active_film_link(
        &self,
        id: PersonId,
        session: &str,
        now: Timestamp,
    ) -> Result<Option<ActiveCaller>, DatabaseError> {
        let sql = "SELECT l.company_id FROM film_links l \
            JOIN companies c ON c.id = l.company_id AND c.active = 1 \
            JOIN sessions s ON s.id = $1 AND s.ended_at = 0 AND s.person_id = $2 \
            WHERE l.number = $3 AND l.revoked_at = 0 AND l.expires_at > $4";
        let company: Option<CompanyId> =
            query(sql, params![*session, id, id.film_link_number(), now]).value(&self.pool).await?;
        let caller = |company| ActiveCaller {
            person: Person { id, company, role: Role::Employee },
            browser: Some(BrowserKind::Film),
        };
        Ok(company.map(caller))
    }

    /// The report of a link, also of an expired or revoked one.
    pub async fn film_link_report(&self, link: PersonId) -> Result<Option<RefKey>, DatabaseError> {
        let sql = "SELECT ref_key FROM film_links WHERE number = $1";
        query(sql, params![link.film_link_number()]).value(&self.pool).await
    }

    /// The issuer of a link, and the name and telephone number that the driver has entered in the session of this
    /// device.
    pub async fn film_sender(
        &self,
        link: PersonId,
        device: &str,
    ) -> Result<Option<FilmSender>, DatabaseError> {
        let sql = "SELECT l.issuer, \
            CASE WHEN COALESCE(s.stated_name, '') = '' THEN l.name ELSE s.stated_name END AS name, \
            CASE WHEN COALESCE(s.stated_name, '') = '' THEN l.mobile ELSE s.stated_mobile END AS mobile \
            FROM film_links l LEFT JOIN sessions s ON s.uuid = $1 AND s.person_id = $2 \
            WHERE l.number = $3";
        let row: Option<(String, String, String)> =
            query(sql, params![*device, link, link.film_link_number()])
                .optional(&self.pool)
                .await?;
        Ok(row.map(|(issuer, name, mobile)| FilmSender { issuer, name, mobile }))
    }

    /// Deletes up to `limit` links that expired before `expired`.
    pub async fn purge_film_links(
        &self,
        expired: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM film_links WHERE number IN (SELECT number FROM film_links \
            WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
        query(sql, params![expired, limit]).execute(&self.pool).await
    }
}

/// Locks the link that owns an upload until the end of the transaction. Returns whether it is valid.
pub(in crate::database) async fn lock_film_link(
    write: &mut Write,
    link: PersonId,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE film_links SET revoked_at = revoked_at WHERE number = $1 AND revoked_at = 0 \
        AND expires_at > $2 AND EXISTS (SELECT 1 FROM companies c \
        WHERE c.id = film_links.company_id AND c.active = 1)";
    query(sql, params![link.film_link_number(), now]).changes_one(&mut *write).await
}

async fn insert(
    write: &mut Write,
    new: &NewFilmLink,
    company: CompanyId,
) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO film_links (number, id, secret_hash, ref_key, company_id, issuer, name, \
        mobile, created_at, expires_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, '', '', $7, $8, 0)";
    let number = next_number(write, Counter::FilmLinks).await?;
    let NewFilmLink { id, secret_hash, ref_key, issuer, now, expires_at, .. } = new;
    delete_revoked(write, *ref_key, issuer).await?;
    query(sql, params![number, id, secret_hash, ref_key, company, issuer, now, expires_at])
        .run(&mut *write)
        .await
}

/// Deletes all but the last revoked links of an issuer for a report.
async fn delete_revoked(
    write: &mut Write,
    ref_key: RefKey,
    issuer: &str,
) -> Result<(), DatabaseError> {
    let sql = "DELETE FROM film_links WHERE ref_key = $1 AND issuer = $2 AND revoked_at > 0 \
        AND number NOT IN (SELECT number FROM film_links WHERE ref_key = $1 AND issuer = $2 \
        AND revoked_at > 0 ORDER BY number DESC LIMIT $3)";
    query(sql, params![ref_key, *issuer, MOST_REVOKED]).run(&mut *write).await
}

/// A company as a parameter; negative: any.
fn scope(company: Option<CompanyId>) -> i64 {
    company.map_or(-1, |company| company.0)
}
