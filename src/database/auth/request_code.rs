//! Asking for a one-time code (E1): the limits, the challenge and its mail in one transaction.
//!
//! A BIN nobody has goes the same way, statement for statement, row for row; only its mail is settled
//! from the start (S1).

use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;

use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::{EnqueueContext, enqueue};
use crate::database::pool::{Database, Write};
use crate::database::rows::{count, number, text, time};
use crate::model::{Biin, ChallengeId, CompanyId, DeviceId, OutboxEvent, OutboxMessage, Role};

/// The kind of a row that nobody is told.
const NOBODY: &str = "mail.none";

/// Over how long the daily budgets are counted.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A request for a code.
#[derive(Debug, Clone)]
pub struct NewChallenge {
    /// Its id, from which the code is made.
    pub id: ChallengeId,
    /// BIN or IIN.
    pub biin: Biin,
    /// As whom somebody wants to come in.
    pub role: Role,
    /// Their device.
    pub device: DeviceId,
    /// Where the device is told; empty: nowhere.
    pub fcm: String,
    /// Their telephone as given; empty for a director.
    pub mobile: String,
    /// Their first name; empty for a director.
    pub first_name: String,
    /// From which network the request came, for the limits.
    pub address: String,
    /// The present moment.
    pub now: Timestamp,
    /// Until when the code is good.
    pub expires_at: Timestamp,
}

/// Over how long requests are counted.
#[derive(Debug, Clone, Copy)]
pub struct CountingWindows {
    /// Those of a BIN from one device; within a day.
    pub device: SignedDuration,
    /// Those from one network.
    pub address: SignedDuration,
}

/// How much was asked for lately, before this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecentRequests {
    /// For this BIN from this device, within its window.
    pub by_device: u64,
    /// The first of those; zero when there is none.
    pub device_since: Timestamp,
    /// From this network, within its window.
    pub by_address: u64,
    /// The first of those.
    pub address_since: Timestamp,
    /// For this BIN, within a day.
    pub by_company: u64,
    /// Wrong codes for this BIN, within a day.
    pub wrong: u64,
    /// The last request for this BIN.
    pub latest: Timestamp,
    /// What of that is from this device, when it has had a session in the company; none for others.
    pub of_known: Option<DeviceRequests>,
}

/// How much one device did for one BIN within a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceRequests {
    /// Codes it asked for.
    pub made: u64,
    /// Wrong codes it gave.
    pub wrong: u64,
    /// Its last request.
    pub latest: Timestamp,
}

/// What the limits say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitDecision {
    /// How long to wait; none: a code is made.
    pub wait: Option<SignedDuration>,
    /// Why the mailbox is to be warned; at most once a day.
    pub warning: Option<&'static str>,
}

/// What became of a request for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeRequestOutcome {
    /// A code goes to this mail address.
    Sent(String),
    /// Nobody has this BIN, or nobody there can be written to.
    NoRecipient,
    /// Not now.
    Wait(SignedDuration),
}

/// Who has a BIN.
struct Owner {
    company: CompanyId,
    email: String,
}

impl Database {
    /// Asks for a code. Requests at the same time count one another.
    ///
    /// A refused one is judged without the writer's place, so that a flood of them is in nobody's way;
    /// what may be let in is judged once more with it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn request_code(
        &self,
        new: &NewChallenge,
        windows: CountingWindows,
        judge: impl Fn(&RecentRequests) -> LimitDecision + Send + Sync,
        context: &EnqueueContext<'_>,
    ) -> Result<CodeRequestOutcome, DatabaseError> {
        if let Some(wait) = self.refused(new, windows, &judge).await? {
            return Ok(CodeRequestOutcome::Wait(wait));
        }
        let mut write = self.write().await?;
        next_number(&mut write, Counter::Challenges).await?;
        let owner = owner(&mut write, &new.biin).await?;
        let verdict = judge(&traffic(&mut write, new, &owner, windows).await?);
        let warned = match verdict.warning {
            Some(reason) => warn(&mut write, new, &owner, reason, context).await?,
            None => false,
        };
        if let Some(wait) = verdict.wait {
            if warned {
                write.commit().await?;
            }
            return Ok(CodeRequestOutcome::Wait(wait));
        }
        record(&mut write, new, &owner, context).await?;
        write.commit().await?;
        Ok(if owner.is_somebody() {
            CodeRequestOutcome::Sent(owner.email)
        } else {
            CodeRequestOutcome::NoRecipient
        })
    }

    /// How long a request has to wait that leaves nothing to write; the same statements for a BIN
    /// nobody has (S1).
    async fn refused(
        &self,
        new: &NewChallenge,
        windows: CountingWindows,
        judge: &(impl Fn(&RecentRequests) -> LimitDecision + Send + Sync),
    ) -> Result<Option<SignedDuration>, DatabaseError> {
        let mut read = self.pool.acquire().await?;
        let owner = owner(&mut read, &new.biin).await?;
        let verdict = judge(&traffic(&mut read, new, &owner, windows).await?);
        if verdict.wait.is_none() || verdict.warning.is_none() {
            return Ok(verdict.wait);
        }
        let warned = is_warned(&mut read, new, &owner.subject()).await?;
        Ok(verdict.wait.filter(|_| warned))
    }
}

impl Owner {
    fn is_somebody(&self) -> bool {
        self.company != CompanyId::LESSOR
    }

    /// What a warning is about.
    fn subject(&self) -> String {
        format!("company:{}", self.company.0)
    }
}

/// The company that has a BIN and can be written to; otherwise the number that stands for nobody.
async fn owner(on: &mut AnyConnection, biin: &Biin) -> Result<Owner, DatabaseError> {
    let row = sqlx::query(
        "SELECT id, email FROM companies WHERE biin = $1 AND active = 1 AND email <> ''",
    )
    .bind(biin.as_str())
    .fetch_optional(on)
    .await?;
    match row {
        Some(row) => {
            Ok(Owner { company: CompanyId(number(&row, "id")?), email: text(&row, "email")? })
        }
        None => Ok(Owner { company: CompanyId::LESSOR, email: String::new() }),
    }
}

async fn traffic(
    on: &mut AnyConnection,
    new: &NewChallenge,
    owner: &Owner,
    windows: CountingWindows,
) -> Result<RecentRequests, DatabaseError> {
    let since = |window: SignedDuration| (new.now - window).as_microsecond();
    let company = sqlx::query(OF_COMPANY)
        .bind(new.biin.as_str())
        .bind(new.device.as_str())
        .bind(since(windows.device))
        .bind(since(DAY))
        .fetch_one(&mut *on)
        .await?;
    let address = sqlx::query(
        "SELECT COUNT(*) AS by_address, COALESCE(MIN(created_at), 0) AS address_since \
         FROM challenges WHERE address = $1 AND created_at > $2",
    )
    .bind(new.address.as_str())
    .bind(since(windows.address))
    .fetch_one(&mut *on)
    .await?;
    let of_device = DeviceRequests {
        made: count(&company, "device_made")?,
        wrong: count(&company, "device_wrong")?,
        latest: time(&company, "device_latest")?,
    };
    let is_known = is_known(on, new, owner).await?;
    Ok(RecentRequests {
        by_device: count(&company, "by_device")?,
        device_since: time(&company, "device_since")?,
        by_address: count(&address, "by_address")?,
        address_since: time(&address, "address_since")?,
        by_company: count(&company, "made")?,
        wrong: count(&company, "wrong")?,
        latest: time(&company, "latest")?,
        of_known: is_known.then_some(of_device),
    })
}

/// What a day has seen of a BIN ($1), and what of that is of a device ($2).
const OF_COMPANY: &str = "SELECT COUNT(*) AS made, \
     CAST(COALESCE(SUM(wrong_codes), 0) AS BIGINT) AS wrong, \
     COALESCE(MAX(created_at), 0) AS latest, \
     CAST(COALESCE(SUM(CASE WHEN uuid = $2 AND created_at > $3 THEN 1 ELSE 0 END), 0) AS BIGINT) \
       AS by_device, \
     COALESCE(MIN(CASE WHEN uuid = $2 AND created_at > $3 THEN created_at END), 0) AS device_since, \
     CAST(COALESCE(SUM(CASE WHEN uuid = $2 THEN 1 ELSE 0 END), 0) AS BIGINT) AS device_made, \
     CAST(COALESCE(SUM(CASE WHEN uuid = $2 THEN wrong_codes ELSE 0 END), 0) AS BIGINT) AS device_wrong, \
     COALESCE(MAX(CASE WHEN uuid = $2 THEN created_at END), 0) AS device_latest \
     FROM challenges WHERE biin = $1 AND created_at > $4";

/// Whether somebody of this company has been signed in on this device. Asked for every BIN (S1); the
/// lessor's own devices stand for nobody's.
async fn is_known(
    on: &mut AnyConnection,
    new: &NewChallenge,
    owner: &Owner,
) -> Result<bool, DatabaseError> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS sessions FROM sessions s JOIN people p ON p.id = s.person_id \
         WHERE s.uuid = $1 AND p.company_id = $2",
    )
    .bind(new.device.as_str())
    .bind(owner.company.0)
    .fetch_one(on)
    .await?;
    Ok(owner.is_somebody() && number(&row, "sessions")? > 0)
}

/// Warns the mailbox, unless it was warned within a day: `true` when it is warned now.
async fn warn(
    write: &mut Write,
    new: &NewChallenge,
    owner: &Owner,
    reason: &'static str,
    context: &EnqueueContext<'_>,
) -> Result<bool, DatabaseError> {
    let subject = owner.subject();
    if is_warned(write, new, &subject).await? {
        return Ok(false);
    }
    let warning = OutboxEvent::CodesAbused { company: owner.company, reason };
    enqueue_for_owner(write, context.message(&warning), owner, context.now).await?;
    Ok(true)
}

async fn is_warned(
    on: &mut AnyConnection,
    new: &NewChallenge,
    subject: &str,
) -> Result<bool, DatabaseError> {
    let warned = sqlx::query(
        "SELECT COUNT(*) AS warned FROM outbox \
         WHERE subject = $1 AND kind IN ('mail.warning', $2) AND created_at > $3",
    )
    .bind(subject)
    .bind(NOBODY)
    .bind((new.now - DAY).as_microsecond())
    .fetch_one(on)
    .await?;
    Ok(number(&warned, "warned")? > 0)
}

/// The challenge instead of an older one of the same device (S5), and its mail.
async fn record(
    write: &mut Write,
    new: &NewChallenge,
    owner: &Owner,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    sqlx::query("UPDATE challenges SET used = 2 WHERE biin = $1 AND uuid = $2 AND used = 0")
        .bind(new.biin.as_str())
        .bind(new.device.as_str())
        .execute(&mut **write)
        .await?;
    insert(write, new, owner).await?;
    let mail = OutboxEvent::CodeRequested { challenge: new.id, expires_at: new.expires_at };
    enqueue_for_owner(write, context.message(&mail), owner, context.now).await
}

async fn insert(write: &mut Write, new: &NewChallenge, owner: &Owner) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO challenges (id, biin, company_id, role, uuid, fcm, mobile, first_name, \
         address, created_at, expires_at, wrong_codes, used) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0)",
    )
    .bind(new.id.to_string())
    .bind(new.biin.as_str())
    .bind(owner.company.0)
    .bind(new.role.as_str())
    .bind(new.device.as_str())
    .bind(new.fcm.as_str())
    .bind(new.mobile.as_str())
    .bind(new.first_name.as_str())
    .bind(new.address.as_str())
    .bind(new.now.as_microsecond())
    .bind(new.expires_at.as_microsecond())
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Tells the owner of a BIN. For nobody the same row is written, and is settled.
async fn enqueue_for_owner(
    write: &mut Write,
    mut message: OutboxMessage,
    owner: &Owner,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let (state, completed_at) = if owner.is_somebody() {
        ("pending", 0)
    } else {
        message.kind = NOBODY;
        ("delivered", now.as_microsecond())
    };
    enqueue(write, &message, now).await?;
    sqlx::query("UPDATE outbox SET state = $1, completed_at = $2 WHERE id = $3")
        .bind(state)
        .bind(completed_at)
        .bind(message.id.to_string())
        .execute(&mut **write)
        .await?;
    Ok(())
}
