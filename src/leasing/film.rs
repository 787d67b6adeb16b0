//! The reports on the driver's page: those that wait for a video, and those that have one.

use jiff::Timestamp;

use crate::database::{DatabaseError, FilmRow, Scope};
use crate::model::{
    Instruction, NEVER_DUE, Person, RefKey, Rejection, ReportStatus, TypeCode, is_expired,
};

use super::service::Leasing;

/// Limit of the list. A driver has fewer; a director of a large company sees those with the first deadlines.
const MOST_TO_FILM: usize = 200;
const MOST_SENT: i64 = 20;

/// A report on the driver's page.
#[derive(Debug, Clone)]
pub struct FilmReport {
    pub ref_key: RefKey,
    pub report_number: String,
    pub contract_number: String,
    pub plate: String,
    pub vin: String,
    pub type_title: String,
    pub type_code: Option<TypeCode>,
    pub status: ReportStatus,
    /// Grows with each change of the status.
    pub version: i64,
    /// The moment from which it is overdue; `None`: it has no deadline.
    pub due_at: Option<Timestamp>,
    /// Whether it waits for a video, and the deadline has passed.
    pub is_expired: bool,
    /// When its latest video was received.
    pub received_at: Option<Timestamp>,
    /// The reason of the last rejection, in Russian.
    pub reject_reason: String,
    /// The structured reason, if a reviewer chose it in the console.
    pub rejection: Option<Rejection>,
    /// What to film, in order.
    pub instructions: Vec<Instruction>,
}

impl Leasing {
    /// The reports that this person may film: rejected ones first, then by deadline.
    pub async fn reports_to_film(&self, person: &Person) -> Result<Vec<FilmReport>, DatabaseError> {
        if person.id.is_film_link() {
            return self.report_of_link(person, ReportStatus::is_open).await;
        }
        let scope = self.database.scope_of(person).await?;
        let mut rows = Vec::new();
        for status in [ReportStatus::Rejected, ReportStatus::AwaitingVideo] {
            let rest = MOST_TO_FILM.saturating_sub(rows.len());
            let limit = i64::try_from(rest).unwrap_or_default();
            rows.extend(self.database.reports_to_film(&scope, status, limit).await?);
        }
        Ok(self.film_reports(rows))
    }

    /// The visible reports that have a video and are not rejected, the latest video first.
    pub async fn reports_sent(&self, person: &Person) -> Result<Vec<FilmReport>, DatabaseError> {
        if person.id.is_film_link() {
            return self.report_of_link(person, |status| !status.is_open()).await;
        }
        let scope = self.database.scope_of(person).await?;
        Ok(self.film_reports(self.database.reports_sent(&scope, MOST_SENT).await?))
    }

    /// A report in any status, if this person may see it.
    pub async fn report_to_film(
        &self,
        person: &Person,
        ref_key: RefKey,
    ) -> Result<Option<FilmReport>, DatabaseError> {
        if person.id.is_film_link() {
            let own = self.report_of_link(person, |_| true).await?;
            return Ok(own.into_iter().find(|report| report.ref_key == ref_key));
        }
        let scope = self.database.scope_of(person).await?;
        let row = self.database.report_to_film(&scope, ref_key).await?;
        let now = self.clock.now();
        Ok(row.map(|row| FilmReport::of(row, now)))
    }

    /// The report of a film link, if `has` accepts its status.
    async fn report_of_link(
        &self,
        link: &Person,
        has: impl Fn(ReportStatus) -> bool,
    ) -> Result<Vec<FilmReport>, DatabaseError> {
        let Some(ref_key) = self.database.film_link_report(link.id).await? else {
            return Ok(Vec::new());
        };
        let scope = Scope { company: link.company, only: None };
        let row = self.database.report_to_film(&scope, ref_key).await?;
        Ok(self.film_reports(row.into_iter().filter(|row| has(row.status)).collect()))
    }

    fn film_reports(&self, rows: Vec<FilmRow>) -> Vec<FilmReport> {
        let now = self.clock.now();
        rows.into_iter().map(|row| FilmReport::of(row, now)).collect()
    }
}

impl FilmReport {
    fn of(row: FilmRow, now: Timestamp) -> Self {
        Self {
            ref_key: row.ref_key,
            report_number: row.report_number,
            contract_number: row.contract_number,
            plate: row.plate_number,
            vin: row.vin_code,
            type_title: row.type_title,
            type_code: row.type_code,
            status: row.status,
            version: row.version,
            due_at: Some(row.due_at).filter(|due| *due < NEVER_DUE),
            is_expired: is_expired(row.status, row.due_at, now),
            received_at: row.received_at,
            reject_reason: row.reject_reason,
            rejection: row.rejection,
            instructions: row.instructions,
        }
    }
}
