//! A right code opens a session (E2): used once, for one person, in one transaction.

use sqlx::any::AnyRow;

use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::rows::{number, text, unreadable};
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
struct Guest {
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
    ///
    /// # Errors
    /// When the database fails.
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
    let row = sqlx::query(
        "UPDATE challenges SET used = 1 WHERE id = $1 AND used = 0 AND EXISTS \
         (SELECT 1 FROM companies c WHERE c.id = challenges.company_id AND c.active = 1 AND c.id <> 0) \
         RETURNING company_id, biin, role, mobile, first_name, fcm",
    )
    .bind(id.to_string())
    .fetch_optional(&mut **write)
    .await?;
    row.as_ref().map(guest).transpose()
}

fn guest(row: &AnyRow) -> Result<Guest, DatabaseError> {
    let role = text(row, "role")?;
    Ok(Guest {
        company: CompanyId(number(row, "company_id")?),
        biin: text(row, "biin")?,
        role: Role::from_word(&role).ok_or_else(|| unreadable("role", &role))?,
        mobile: text(row, "mobile")?,
        first_name: text(row, "first_name")?,
        fcm: text(row, "fcm")?,
    })
}

/// The driver with this telephone (Q5), made when there is none. A dismissed one is let in again:
/// the director has given the code.
async fn employee(
    write: &mut Write,
    guest: &Guest,
    session: &NewSession,
) -> Result<PersonId, DatabaseError> {
    let mut known = find_employee(write, guest).await?;
    if known.is_none() {
        // Drawing the number waits for whoever makes a person now; it may have been this one.
        let id = PersonId(next_number(write, Counter::People).await?);
        known = find_employee(write, guest).await?;
        if known.is_none() {
            make(write, id, guest).await?;
            return Ok(id);
        }
    }
    let Some((id, active)) = known else { return Err(unreadable("people", &"nobody")) };
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
    let row = sqlx::query(
        "SELECT id, active FROM people WHERE company_id = $1 AND mobile_digits = $2 \
         AND role = 'employee' ORDER BY active DESC, id LIMIT 1",
    )
    .bind(guest.company.0)
    .bind(phone_digits(&guest.mobile))
    .fetch_optional(&mut **write)
    .await?;
    let read = |row: &AnyRow| Ok((PersonId(number(row, "id")?), number(row, "active")? == 1));
    row.as_ref().map(read).transpose()
}

/// Who came by themselves is called as they say; 1C knows its people better.
async fn welcome(write: &mut Write, id: PersonId, guest: &Guest) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE people SET active = 1, \
         first_name = CASE WHEN ref_key = '' THEN $1 ELSE first_name END WHERE id = $2",
    )
    .bind(guest.first_name.as_str())
    .bind(id.0)
    .execute(&mut **write)
    .await?;
    Ok(())
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
    let row = sqlx::query(
        "SELECT id FROM people WHERE company_id = $1 AND role = 'admin' AND active = 1 \
         ORDER BY id LIMIT 1",
    )
    .bind(company.0)
    .fetch_optional(&mut **write)
    .await?;
    row.map(|row| number(&row, "id").map(PersonId)).transpose()
}

async fn make(write: &mut Write, id: PersonId, guest: &Guest) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO people (id, company_id, role, mobile, mobile_digits, first_name, last_name, \
         patronic_name, active) VALUES ($1, $2, $3, $4, $5, $6, '', '', 1)",
    )
    .bind(id.0)
    .bind(guest.company.0)
    .bind(guest.role.as_str())
    .bind(guest.mobile.as_str())
    .bind(phone_digits(&guest.mobile))
    .bind(guest.first_name.as_str())
    .execute(&mut **write)
    .await?;
    Ok(())
}
