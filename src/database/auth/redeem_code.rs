//! Exchanges a code for a session (E2). One transaction uses the code up, finds or creates the person,
//! and opens the session.

use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::pool::Write;
use crate::database::statement::query;
use crate::model::{ChallengeId, CompanyId, Person, PersonId, Role, phone_digits};

use super::sessions::{self, EndReason, NewSession};

/// The person who has signed in with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedeemedCode {
    /// Created at the first sign-in.
    pub person: Person,
    /// BIN or IIN of the company.
    pub biin: String,
}

/// The requester of a code, as the challenge describes them.
#[derive(FromRow)]
struct Requester {
    #[sqlx(rename = "company_id")]
    company: CompanyId,
    biin: String,
    role: Role,
    mobile: String,
    first_name: String,
    fcm: String,
}

/// Opens a session for the requester of this challenge, whose code the caller has compared. `None` if the
/// challenge is no longer open or the company is inactive. The push token comes from the challenge, not
/// from `session`.
pub(super) async fn redeem(
    write: &mut Write,
    challenge: ChallengeId,
    session: NewSession,
) -> Result<Option<RedeemedCode>, DatabaseError> {
    let Some(requester) = use_up(write, challenge).await? else { return Ok(None) };
    let id = match requester.role {
        Role::Employee => find_or_insert_employee(write, &requester, &session).await?,
        _ => find_or_insert_director(write, &requester).await?,
    };
    let person = Person { id, company: requester.company, role: requester.role };
    let session = NewSession { fcm: requester.fcm, ..session };
    sessions::open(write, id, &session).await?;
    Ok(Some(RedeemedCode { person, biin: requester.biin }))
}

/// Marks the challenge as used, if it is open and its company is active.
async fn use_up(write: &mut Write, id: ChallengeId) -> Result<Option<Requester>, DatabaseError> {
    let sql = "UPDATE challenges SET used = 1 WHERE id = $1 AND used = 0 AND EXISTS (SELECT 1 \
        FROM companies c WHERE c.id = challenges.company_id AND c.active = 1 AND c.id <> 0) \
        RETURNING company_id, biin, role, mobile, first_name, fcm";
    query(sql, params![id]).optional(&mut *write).await
}

/// The driver with this phone number (Q5), created if there is none. A deactivated driver becomes active
/// again, because the director has passed the code on.
async fn find_or_insert_employee(
    write: &mut Write,
    requester: &Requester,
    session: &NewSession,
) -> Result<PersonId, DatabaseError> {
    let (id, active) = if let Some(found) = find_employee(write, requester).await? {
        found
    } else {
        // The lock on the counter waits for a concurrent sign-in, which may create the same person.
        let id = PersonId(next_number(write, Counter::People).await?);
        match find_employee(write, requester).await? {
            Some(found) => found,
            None => return insert(write, id, requester).await.map(|()| id),
        }
    };
    if !active {
        // Sessions from before the deactivation must not become valid again.
        sessions::end_all(write, id, EndReason::Dismissed, session.now).await?;
    }
    reactivate(write, id, requester).await?;
    Ok(id)
}

async fn find_employee(
    write: &mut Write,
    requester: &Requester,
) -> Result<Option<(PersonId, bool)>, DatabaseError> {
    let sql = "SELECT id, active FROM people WHERE company_id = $1 AND mobile_digits = $2 \
        AND role = 'employee' ORDER BY active DESC, id LIMIT 1";
    let found: Option<(PersonId, Stored<bool>)> =
        query(sql, params![requester.company, phone_digits(&requester.mobile)])
            .optional(&mut *write)
            .await?;
    Ok(found.map(|(id, Stored(active))| (id, active)))
}

/// Reactivates a driver and stores the name that the requester gave, unless the person comes from 1C.
async fn reactivate(
    write: &mut Write,
    id: PersonId,
    requester: &Requester,
) -> Result<(), DatabaseError> {
    let sql = "UPDATE people SET active = 1, \
        first_name = CASE WHEN ref_key = '' THEN $1 ELSE first_name END WHERE id = $2";
    query(sql, params![requester.first_name, id]).run(&mut *write).await
}

/// The company's director, created if there is none: only the company's mailbox has received the code.
async fn find_or_insert_director(
    write: &mut Write,
    requester: &Requester,
) -> Result<PersonId, DatabaseError> {
    if let Some(id) = find_director(write, requester.company).await? {
        return Ok(id);
    }
    let id = PersonId(next_number(write, Counter::People).await?);
    match find_director(write, requester.company).await? {
        Some(id) => Ok(id),
        None => insert(write, id, requester).await.map(|()| id),
    }
}

async fn find_director(
    write: &mut Write,
    company: CompanyId,
) -> Result<Option<PersonId>, DatabaseError> {
    let sql = "SELECT id FROM people WHERE company_id = $1 AND role = 'admin' AND active = 1 \
        ORDER BY id LIMIT 1";
    query(sql, params![company]).value(&mut *write).await
}

async fn insert(
    write: &mut Write,
    id: PersonId,
    requester: &Requester,
) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO people (id, company_id, role, mobile, mobile_digits, first_name, \
        last_name, patronic_name, active) VALUES ($1, $2, $3, $4, $5, $6, '', '', 1)";
    let Requester { company, role, mobile, first_name, .. } = requester;
    query(sql, params![id, company, role, mobile, phone_digits(mobile), first_name])
        .run(&mut *write)
        .await
}
