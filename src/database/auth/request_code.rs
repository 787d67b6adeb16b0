//! Asking for a one-time code (E1): the limits, the challenge and its mail in one transaction.
//!
//! A BIN nobody has goes the same way, statement for statement, row for row; only its mail is settled
//! from the start (S1).

use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::{EnqueueContext, enqueue};
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
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

/// The recent requests, without the one in question. "Since" is the first of those counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct RecentRequests {
    /// For this BIN from this device, within its window.
    #[sqlx(try_from = "Stored<u64>")]
    pub by_device: u64,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub device_since: Timestamp,
    /// From this network, within its window.
    #[sqlx(skip)]
    pub by_address: u64,
    #[sqlx(skip)]
    pub address_since: Timestamp,
    /// For this BIN, within a day.
    #[sqlx(try_from = "Stored<u64>")]
    pub by_company: u64,
    /// Wrong codes for this BIN, within a day.
    #[sqlx(try_from = "Stored<u64>")]
    pub wrong: u64,
    /// The last request for this BIN.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub latest: Timestamp,
    /// The part of this device, if it has had a session in the company.
    #[sqlx(skip)]
    pub of_known: Option<DeviceRequests>,
}

/// The requests of one device for one BIN within a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct DeviceRequests {
    #[sqlx(rename = "device_made", try_from = "Stored<u64>")]
    pub made: u64,
    /// Wrong codes.
    #[sqlx(rename = "device_wrong", try_from = "Stored<u64>")]
    pub wrong: u64,
    /// The last request.
    #[sqlx(rename = "device_latest", try_from = "Stored<Timestamp>")]
    pub latest: Timestamp,
}

#[derive(FromRow)]
struct CompanyRequests {
    #[sqlx(flatten)]
    recent: RecentRequests,
    #[sqlx(flatten)]
    of_device: DeviceRequests,
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
#[derive(FromRow)]
struct Owner {
    #[sqlx(rename = "id")]
    company: CompanyId,
    email: String,
}

impl Database {
    /// Asks for a code. Requests at the same time count one another.
    ///
    /// A refused one is judged without the writer's place, so that a flood of them is in nobody's way;
    /// what may be let in is judged once more with it.
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
    let sql = "SELECT id, email FROM companies WHERE biin = $1 AND active = 1 AND email <> ''";
    let owner = query(sql, params![biin]).optional(on).await?;
    Ok(owner.unwrap_or(Owner { company: CompanyId::LESSOR, email: String::new() }))
}

async fn traffic(
    on: &mut AnyConnection,
    new: &NewChallenge,
    owner: &Owner,
    windows: CountingWindows,
) -> Result<RecentRequests, DatabaseError> {
    let since = |window: SignedDuration| new.now - window;
    let values = params![new.biin, new.device, since(windows.device), since(DAY)];
    let CompanyRequests { recent, of_device } = query(OF_COMPANY, values).one(&mut *on).await?;
    let sql = "SELECT COUNT(*), COALESCE(MIN(created_at), 0) FROM challenges \
        WHERE address = $1 AND created_at > $2";
    let (Stored(by_address), Stored(address_since)) =
        query(sql, params![new.address, since(windows.address)]).one(&mut *on).await?;
    let of_known = is_known(on, new, owner).await?.then_some(of_device);
    Ok(RecentRequests { by_address, address_since, of_known, ..recent })
}

/// What a day has seen of a BIN ($1), and what of that is of a device ($2).
const OF_COMPANY: &str = "SELECT COUNT(*) AS by_company, \
     CAST(COALESCE(SUM(wrong_codes), 0) AS BIGINT) \
     AS wrong, COALESCE(MAX(created_at), 0) AS latest, CAST(COALESCE(SUM(CASE WHEN uuid = $2 AND \
     created_at > $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS by_device, COALESCE(MIN(CASE WHEN uuid = \
     $2 AND created_at > $3 THEN created_at END), 0) AS device_since, CAST(COALESCE(SUM(CASE WHEN \
     uuid = $2 THEN 1 ELSE 0 END), 0) AS BIGINT) AS device_made, CAST(COALESCE(SUM(CASE WHEN uuid \
     = $2 THEN wrong_codes ELSE 0 END), 0) AS BIGINT) AS device_wrong, COALESCE(MAX(CASE WHEN uuid \
     = $2 THEN created_at END), 0) AS device_latest FROM challenges WHERE biin = $1 AND created_at \
     > $4";

/// Whether somebody of this company has been signed in on this device. Asked for every BIN (S1); the
/// lessor's own devices stand for nobody's.
async fn is_known(
    on: &mut AnyConnection,
    new: &NewChallenge,
    owner: &Owner,
) -> Result<bool, DatabaseError> {
    let sql = "SELECT COUNT(*) AS sessions FROM sessions s JOIN people p ON p.id = s.person_id \
        WHERE s.uuid = $1 AND p.company_id = $2";
    let (sessions,): (i64,) = query(sql, params![new.device, owner.company]).one(on).await?;
    Ok(owner.is_somebody() && sessions > 0)
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
    let sql = "SELECT COUNT(*) AS warned FROM outbox \
        WHERE subject = $1 AND kind IN ('mail.warning', $2) AND created_at > $3";
    let (warned,): (i64,) = query(sql, params![subject, NOBODY, (new.now - DAY)]).one(on).await?;
    Ok(warned > 0)
}

/// The challenge instead of an older one of the same device (S5), and its mail.
async fn record(
    write: &mut Write,
    new: &NewChallenge,
    owner: &Owner,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    let sql = "UPDATE challenges SET used = 2 WHERE biin = $1 AND uuid = $2 AND used = 0";
    query(sql, params![new.biin, new.device]).execute(&mut **write).await?;
    insert(write, new, owner).await?;
    let mail = OutboxEvent::CodeRequested { challenge: new.id, expires_at: new.expires_at };
    enqueue_for_owner(write, context.message(&mail), owner, context.now).await
}

async fn insert(write: &mut Write, new: &NewChallenge, owner: &Owner) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO challenges (id, biin, company_id, role, uuid, fcm, mobile, first_name, \
        address, created_at, expires_at, wrong_codes, used) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0)";
    let NewChallenge { id, biin, role, device, fcm, mobile, first_name, address, .. } = new;
    let (company, now, until) = (owner.company, new.now, new.expires_at);
    let values =
        params![id, biin, company, role, device, fcm, mobile, first_name, address, now, until];
    query(sql, values).run(&mut **write).await
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
    let sql = "UPDATE outbox SET state = $1, completed_at = $2 WHERE id = $3";
    query(sql, params![state, completed_at, message.id]).run(&mut **write).await
}
