//! Requests for one-time codes (E1). One transaction checks the limits, inserts the challenge and
//! enqueues its mail.
//!
//! An unknown BIN runs the same statements and inserts the same rows, so timing reveals nothing (S1).
//! Its mail is inserted as delivered, and is never sent.

use jiff::{SignedDuration, Timestamp};
use sqlx::FromRow;

use crate::database::column::params;
use crate::database::connection::Target;
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::{EnqueueContext, enqueue};
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{
    Biin, ChallengeId, CompanyId, DeviceId, GuessRule, Origin, OutboxEvent, OutboxMessage, Role,
};

use super::code_traffic::{CountingWindows, DAY, RecentRequests, Requester};

/// The kind of a message that is never sent, because the BIN is unknown.
const NEVER_SENT: &str = "mail.none";

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
    pub origin: Origin,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

/// What a new challenge stores about its device.
#[derive(Clone, Copy)]
struct Protection {
    is_known: bool,
    guess_rule: GuessRule,
}

/// The decision of the limits about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitDecision {
    /// How long to wait. `None`: the request is allowed.
    pub wait: Option<SignedDuration>,
    /// The reason of a warning to the company's mailbox, which gets at most one per day.
    pub warning: Option<&'static str>,
    /// How the code is protected.
    pub guess_rule: GuessRule,
}

/// The outcome of a request for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeRequestOutcome {
    /// The code is sent to this mail address.
    Sent(String),
    /// The last mail to the company was refused for good. The code is sent nevertheless, to notice when
    /// that is over.
    Undeliverable,
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
    /// Why mails to it are refused for good; empty: they are not.
    mail_failure: String,
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
        decide: impl Fn(&RecentRequests) -> LimitDecision + Send + Sync,
        context: &EnqueueContext<'_>,
    ) -> Result<CodeRequestOutcome, DatabaseError> {
        if let Some(wait) = self.early_wait(new, windows, &decide).await? {
            return Ok(CodeRequestOutcome::Wait(wait));
        }
        let mut write = self.write().await?;
        next_number(&mut write, Counter::Challenges).await?;
        let owner = find_owner(&mut write, &new.biin).await?;
        let recent = recent_requests((&mut write).into(), new, &owner, windows).await?;
        let decision = decide(&recent);
        let warned = match decision.warning {
            Some(reason) => warn(&mut write, new, &owner, reason, context).await?,
            None => false,
        };
        if let Some(wait) = decision.wait {
            if warned {
                write.commit().await?;
            }
            return Ok(CodeRequestOutcome::Wait(wait));
        }
        let protection = Protection { is_known: recent.is_known, guess_rule: decision.guess_rule };
        record(&mut write, new, &owner, protection, context).await?;
        write.commit().await?;
        Ok(if !owner.mail_failure.is_empty() {
            CodeRequestOutcome::Undeliverable
        } else if owner.is_company() {
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
        decide: &(impl Fn(&RecentRequests) -> LimitDecision + Send + Sync),
    ) -> Result<Option<SignedDuration>, DatabaseError> {
        let owner = find_owner(&self.pool, &new.biin).await?;
        let decision = decide(&recent_requests((&self.pool).into(), new, &owner, windows).await?);
        if decision.wait.is_none() || decision.warning.is_none() {
            return Ok(decision.wait);
        }
        let warned = is_warned(&self.pool, new, &owner.subject()).await?;
        Ok(decision.wait.filter(|_| warned))
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
    let sql = "SELECT id, email, mail_failure FROM companies WHERE biin = $1 AND active = 1 AND email <> ''";
    let owner = query(sql, params![biin]).optional(on).await?;
    Ok(owner.unwrap_or(Owner {
        company: CompanyId::LESSOR,
        email: String::new(),
        mail_failure: String::new(),
    }))
}

async fn recent_requests(
    on: Target<'_>,
    new: &NewChallenge,
    owner: &Owner,
    windows: CountingWindows,
) -> Result<RecentRequests, DatabaseError> {
    let (biin, uuid) = (new.biin.as_str(), new.device.as_str());
    let requester = Requester { biin, uuid, company: owner.company, now: new.now };
    RecentRequests::count(on, requester, &new.origin, windows).await
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
    protection: Protection,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    let sql = "UPDATE challenges SET used = 2 WHERE biin = $1 AND uuid = $2 AND used = 0";
    query(sql, params![new.biin, new.device]).execute(&mut *write).await?;
    insert(write, new, owner, protection).await?;
    let mail = OutboxEvent::CodeRequested { challenge: new.id, expires_at: new.expires_at };
    enqueue_for_owner(write, context.message(&mail), owner, context.now).await
}

async fn insert(
    write: &mut Write,
    new: &NewChallenge,
    owner: &Owner,
    Protection { is_known, guess_rule }: Protection,
) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO challenges (id, biin, company_id, role, uuid, fcm, mobile, first_name, \
        address, network, known, guess_rule, created_at, expires_at, wrong_codes, used) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0)";
    let NewChallenge { id, biin, role, device, origin, .. } = new;
    // An unknown BIN gets no mail and no session, so what a stranger says about it is not kept.
    let kept = |text: &String| if owner.is_company() { text.clone() } else { String::new() };
    let [fcm, mobile, first_name] = [&new.fcm, &new.mobile, &new.first_name].map(kept);
    let Origin { address, network } = origin;
    let mut values = params![id, biin, owner.company, role, device, fcm, mobile, first_name];
    values.extend(params![address, network, is_known, guess_rule, new.now, new.expires_at]);
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
