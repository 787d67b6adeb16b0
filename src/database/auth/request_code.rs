//! Requests for one-time codes (E1). One transaction checks the limits, inserts the challenge and
//! enqueues its mail.
//!
//! An unknown BIN runs the same statements and inserts the same rows, so timing reveals nothing (S1).
//! Its mail is inserted as delivered, and is never sent.

use jiff::{SignedDuration, Timestamp};
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::connection::Target;
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::{EnqueueContext, enqueue};
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{Biin, ChallengeId, CompanyId, DeviceId, OutboxEvent, OutboxMessage, Role};

/// The kind of a message that is never sent, because the BIN is unknown.
const NEVER_SENT: &str = "mail.none";

/// The window of the daily budgets.
const DAY: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Clone)]
pub struct NewChallenge {
    /// The code is derived from it.
    pub id: ChallengeId,
    /// BIN or IIN.
    pub biin: Biin,
    /// The role that the requester asks for.
    pub role: Role,
    pub device: DeviceId,
    /// Push token of the device; empty: no push.
    pub fcm: String,
    /// As typed; empty for a director.
    pub mobile: String,
    /// As typed; empty for a director.
    pub first_name: String,
    /// The key of the client's network, for the limits.
    pub address: String,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

/// The windows in which requests are counted.
#[derive(Debug, Clone, Copy)]
pub struct CountingWindows {
    /// Of requests for one BIN from one device; at most a day.
    pub device: SignedDuration,
    /// Of requests from one network.
    pub address: SignedDuration,
}

/// Counts of the recent requests, without the current one. `…_since` is the time of the oldest one
/// counted.
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
    /// The part of this device; `None` if it has never had a session in the company.
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

/// The decision of the limits about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitDecision {
    /// How long to wait. `None`: the request is allowed.
    pub wait: Option<SignedDuration>,
    /// The reason of a warning to the company's mailbox, which gets at most one per day.
    pub warning: Option<&'static str>,
}

/// The outcome of a request for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeRequestOutcome {
    /// The code is sent to this mail address.
    Sent(String),
    /// The BIN is unknown, or its company is inactive or has no mail address.
    NoRecipient,
    /// The limits do not allow it yet.
    Wait(SignedDuration),
}

/// The company that has a BIN; [`CompanyId::LESSOR`] for an unknown BIN.
#[derive(FromRow)]
struct Owner {
    #[sqlx(rename = "id")]
    company: CompanyId,
    email: String,
}

impl Database {
    /// Requests a code. A lock on a counter serializes the requests, so that each counts those before
    /// it.
    ///
    /// The limits are first checked outside a write transaction, so that a flood of refused requests
    /// does not block writers. A request that passes, or that is due a warning, is checked again within
    /// the transaction.
    pub async fn request_code(
        &self,
        new: &NewChallenge,
        windows: CountingWindows,
        judge: impl Fn(&RecentRequests) -> LimitDecision + Send + Sync,
        context: &EnqueueContext<'_>,
    ) -> Result<CodeRequestOutcome, DatabaseError> {
        if let Some(wait) = self.early_wait(new, windows, &judge).await? {
            return Ok(CodeRequestOutcome::Wait(wait));
        }
        let mut write = self.write().await?;
        next_number(&mut write, Counter::Challenges).await?;
        let owner = find_owner(&mut write, &new.biin).await?;
        let verdict = judge(&recent_requests((&mut write).into(), new, &owner, windows).await?);
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
        Ok(if owner.is_company() {
            CodeRequestOutcome::Sent(owner.email)
        } else {
            CodeRequestOutcome::NoRecipient
        })
    }

    /// The wait of a request that is refused without writing anything: it is over a limit, and no
    /// warning is due. An unknown BIN runs the same statements (S1).
    async fn early_wait(
        &self,
        new: &NewChallenge,
        windows: CountingWindows,
        judge: &(impl Fn(&RecentRequests) -> LimitDecision + Send + Sync),
    ) -> Result<Option<SignedDuration>, DatabaseError> {
        let owner = find_owner(&self.pool, &new.biin).await?;
        let verdict = judge(&recent_requests((&self.pool).into(), new, &owner, windows).await?);
        if verdict.wait.is_none() || verdict.warning.is_none() {
            return Ok(verdict.wait);
        }
        let warned = is_warned(&self.pool, new, &owner.subject()).await?;
        Ok(verdict.wait.filter(|_| warned))
    }
}

impl Owner {
    fn is_company(&self) -> bool {
        self.company != CompanyId::LESSOR
    }

    /// The subject of a warning in the outbox.
    fn subject(&self) -> String {
        format!("company:{}", self.company.0)
    }
}

/// The active company that has a BIN and a mail address, or else the placeholder for an unknown BIN.
async fn find_owner<'c>(on: impl Into<Target<'c>>, biin: &Biin) -> Result<Owner, DatabaseError> {
    let sql = "SELECT id, email FROM companies WHERE biin = $1 AND active = 1 AND email <> ''";
    let owner = query(sql, params![biin]).optional(on).await?;
    Ok(owner.unwrap_or(Owner { company: CompanyId::LESSOR, email: String::new() }))
}

async fn recent_requests(
    mut on: Target<'_>,
    new: &NewChallenge,
    owner: &Owner,
    windows: CountingWindows,
) -> Result<RecentRequests, DatabaseError> {
    let since = |window: SignedDuration| new.now - window;
    let values = params![new.biin, new.device, since(windows.device), since(DAY)];
    let CompanyRequests { recent, of_device } =
        query(COUNT_REQUESTS, values).one(on.reborrow()).await?;
    let sql = "SELECT COUNT(*), COALESCE(MIN(created_at), 0) FROM challenges \
        WHERE address = $1 AND created_at > $2";
    let (Stored(by_address), Stored(address_since)) =
        query(sql, params![new.address, since(windows.address)]).one(on.reborrow()).await?;
    let of_known = is_known_device(on, new, owner).await?.then_some(of_device);
    Ok(RecentRequests { by_address, address_since, of_known, ..recent })
}

/// Counts the requests for a BIN ($1) within a day (since $4), and among them those of a device ($2):
/// all, and those within its window (since $3).
const COUNT_REQUESTS: &str = "SELECT COUNT(*) AS by_company, \
     CAST(COALESCE(SUM(wrong_codes), 0) AS BIGINT) \
     AS wrong, COALESCE(MAX(created_at), 0) AS latest, CAST(COALESCE(SUM(CASE WHEN uuid = $2 AND \
     created_at > $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS by_device, COALESCE(MIN(CASE WHEN uuid = \
     $2 AND created_at > $3 THEN created_at END), 0) AS device_since, CAST(COALESCE(SUM(CASE WHEN \
     uuid = $2 THEN 1 ELSE 0 END), 0) AS BIGINT) AS device_made, CAST(COALESCE(SUM(CASE WHEN uuid \
     = $2 THEN wrong_codes ELSE 0 END), 0) AS BIGINT) AS device_wrong, COALESCE(MAX(CASE WHEN uuid \
     = $2 THEN created_at END), 0) AS device_latest FROM challenges WHERE biin = $1 AND created_at \
     > $4";

/// Whether this device has had a session in the company. The query runs for every BIN, so that timing
/// reveals nothing (S1). For an unknown BIN its result is ignored, because it is about the devices of
/// the lessor.
async fn is_known_device<'c>(
    on: impl Into<Target<'c>>,
    new: &NewChallenge,
    owner: &Owner,
) -> Result<bool, DatabaseError> {
    let sql = "SELECT COUNT(*) AS sessions FROM sessions s JOIN people p ON p.id = s.person_id \
        WHERE s.uuid = $1 AND p.company_id = $2";
    let (sessions,): (i64,) = query(sql, params![new.device, owner.company]).one(on).await?;
    Ok(owner.is_company() && sessions > 0)
}

/// Enqueues a warning to the mailbox, unless it got one within a day. Returns whether it did.
async fn warn(
    write: &mut Write,
    new: &NewChallenge,
    owner: &Owner,
    reason: &'static str,
    context: &EnqueueContext<'_>,
) -> Result<bool, DatabaseError> {
    let subject = owner.subject();
    if is_warned(&mut *write, new, &subject).await? {
        return Ok(false);
    }
    let warning = OutboxEvent::CodesAbused { company: owner.company, reason };
    enqueue_for_owner(write, context.message(&warning), owner, context.now).await?;
    Ok(true)
}

async fn is_warned<'c>(
    on: impl Into<Target<'c>>,
    new: &NewChallenge,
    subject: &str,
) -> Result<bool, DatabaseError> {
    let sql = "SELECT COUNT(*) AS warned FROM outbox \
        WHERE subject = $1 AND kind IN ('mail.warning', $2) AND created_at > $3";
    let (warned,): (i64,) =
        query(sql, params![subject, NEVER_SENT, (new.now - DAY)]).one(on).await?;
    Ok(warned > 0)
}

/// Inserts the challenge, which replaces an older one of the same device (S5), and enqueues its mail.
async fn record(
    write: &mut Write,
    new: &NewChallenge,
    owner: &Owner,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    let sql = "UPDATE challenges SET used = 2 WHERE biin = $1 AND uuid = $2 AND used = 0";
    query(sql, params![new.biin, new.device]).execute(&mut *write).await?;
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
    query(sql, values).run(&mut *write).await
}

/// Enqueues a message to the owner of a BIN. For an unknown BIN the same statements insert a message
/// that is delivered already, so that it is never sent.
async fn enqueue_for_owner(
    write: &mut Write,
    mut message: OutboxMessage,
    owner: &Owner,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let (state, completed_at) = if owner.is_company() {
        ("pending", 0)
    } else {
        message.kind = NEVER_SENT;
        ("delivered", now.as_microsecond())
    };
    enqueue(write, &message, now).await?;
    let sql = "UPDATE outbox SET state = $1, completed_at = $2 WHERE id = $3";
    query(sql, params![state, completed_at, message.id]).run(&mut *write).await
}
