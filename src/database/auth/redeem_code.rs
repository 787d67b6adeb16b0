//! A right code opens a session (E2): used once, for one person, in one transaction.

use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{ChallengeId, CompanyId, Person, PersonId, Role, phone_digits};

use super::sessions::{self, EndReason, NewSession};

/// Whom a code let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedeemedCode {
    /// The person; drivers who came for the first time are made.
    pub person: Person,
    /// BIN or IIN of their company.
    pub biin: String,
}

/// What the challenge says of who comes in.
#[derive(FromRow)]
struct Guest {
    #[sqlx(rename = "company_id")]
    company: CompanyId,
    biin: String,
    role: Role,
    mobile: String,
    first_name: String,
    fcm: String,
}

impl Database {
    /// Lets in who has given the right code, if it still opens. `session` names everything but the
    /// person and where the device is told: the challenge knows.
    pub async fn redeem_code(
        &self,
        challenge: ChallengeId,
        session: NewSession,
    ) -> Result<Option<RedeemedCode>, DatabaseError> {
        let mut write = self.write().await?;
        let Some(guest) = use_up(&mut write, challenge).await? else { return Ok(None) };
        let id = match guest.role {
            Role::Employee => employee(&mut write, &guest, &session).await?,
            _ => director(&mut write, &guest).await?,
        };
        let person = Person { id, company: guest.company, role: guest.role };
        let session = NewSession { fcm: guest.fcm, ..session };
        sessions::open(&mut write, id, &session).await?;
        write.commit().await?;
        Ok(Some(RedeemedCode { person, biin: guest.biin }))
    }
}

/// Uses the challenge up, if it is open and its company may act.
async fn use_up(write: &mut Write, id: ChallengeId) -> Result<Option<Guest>, DatabaseError> {
    let sql = "UPDATE challenges SET used = 1 WHERE id = $1 AND used = 0 AND EXISTS (SELECT 1 \
        FROM companies c WHERE c.id = challenges.company_id AND c.active = 1 AND c.id <> 0) \
        RETURNING company_id, biin, role, mobile, first_name, fcm";
    query(sql, params![id]).optional(&mut **write).await
}

/// The driver with this telephone (Q5), made when there is none. A dismissed one is let in again:
/// the director has given the code.
async fn employee(
    write: &mut Write,
    guest: &Guest,
    session: &NewSession,
) -> Result<PersonId, DatabaseError> {
    let (id, active) = if let Some(found) = find_employee(write, guest).await? {
        found
    } else {
        // Waits for a concurrent sign-in, which may create this very person.
        let id = PersonId(next_number(write, Counter::People).await?);
        match find_employee(write, guest).await? {
            Some(found) => found,
            None => return make(write, id, guest).await.map(|()| id),
        }
    };
    if !active {
        // What was open when they were dismissed stays closed.
        sessions::end_all(write, id, EndReason::Dismissed, session.now).await?;
    }
    welcome(write, id, guest).await?;
    Ok(id)
}

async fn find_employee(
    write: &mut Write,
    guest: &Guest,
) -> Result<Option<(PersonId, bool)>, DatabaseError> {
    let sql = "SELECT id, active FROM people WHERE company_id = $1 AND mobile_digits = $2 \
        AND role = 'employee' ORDER BY active DESC, id LIMIT 1";
    let found: Option<(PersonId, Stored<bool>)> =
        query(sql, params![guest.company, phone_digits(&guest.mobile)])
            .optional(&mut **write)
            .await?;
    Ok(found.map(|(id, Stored(active))| (id, active)))
}

/// Who came by themselves is called as they say; 1C knows its people better.
async fn welcome(write: &mut Write, id: PersonId, guest: &Guest) -> Result<(), DatabaseError> {
    let sql = "UPDATE people SET active = 1, \
        first_name = CASE WHEN ref_key = '' THEN $1 ELSE first_name END WHERE id = $2";
    query(sql, params![guest.first_name, id]).run(&mut **write).await
}

/// The company's director, made when there is none yet: the code went to the company's mailbox.
async fn director(write: &mut Write, guest: &Guest) -> Result<PersonId, DatabaseError> {
    if let Some(id) = find_director(write, guest.company).await? {
        return Ok(id);
    }
    let id = PersonId(next_number(write, Counter::People).await?);
    match find_director(write, guest.company).await? {
        Some(id) => Ok(id),
        None => make(write, id, guest).await.map(|()| id),
    }
}

async fn find_director(
    write: &mut Write,
    company: CompanyId,
) -> Result<Option<PersonId>, DatabaseError> {
    let sql = "SELECT id FROM people WHERE company_id = $1 AND role = 'admin' AND active = 1 \
        ORDER BY id LIMIT 1";
    query(sql, params![company]).value(&mut **write).await
}

async fn make(write: &mut Write, id: PersonId, guest: &Guest) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO people (id, company_id, role, mobile, mobile_digits, first_name, \
        last_name, patronic_name, active) VALUES ($1, $2, $3, $4, $5, $6, '', '', 1)";
    let Guest { company, role, mobile, first_name, .. } = guest;
    query(sql, params![id, company, role, mobile, phone_digits(mobile), first_name])
        .run(&mut **write)
        .await
}
