//! Claims: which reviewer looks at a report. They keep two reviewers from watching the same video; a
//! decision does not need one.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{PersonId, RefKey};

use super::custody::record;

/// A reviewer looks at a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub person: PersonId,
    /// The reviewer's name.
    pub name: String,
    pub since: Timestamp,
    pub until: Timestamp,
}

/// Who has the report after an attempt to claim it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimOutcome {
    Mine(Claim),
    /// Another reviewer has it.
    HeldBy(Claim),
    /// The caller's claim has ended, and nobody has the report.
    Lost,
}

/// The columns `claim_…` of a row with a claim that has not ended, if there is one.
pub(super) struct LivingClaim(Option<Claim>);

impl FromRow<'_, AnyRow> for LivingClaim {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let Stored(until): Stored<Option<Timestamp>> = row.try_get("claim_until")?;
        let Some(until) = until else { return Ok(Self(None)) };
        let (person, name) = (row.try_get("claim_person")?, row.try_get("claim_name")?);
        let Stored(since) = row.try_get("claim_since")?;
        Ok(Self(Some(Claim { person, name, since, until })))
    }
}

impl From<LivingClaim> for Option<Claim> {
    fn from(claim: LivingClaim) -> Self {
        claim.0
    }
}

const COLUMNS: &str = "person_id AS claim_person, name AS claim_name, since AS claim_since, \
    until AS claim_until";

impl Database {
    /// Claims a report that nobody else has, from now until `claim.until`. The own claim is extended.
    pub async fn claim(
        &self,
        ref_key: RefKey,
        claim: &Claim,
        context: &EnqueueContext<'_>,
    ) -> Result<ClaimOutcome, DatabaseError> {
        self.claim_from(ref_key, claim, None, context).await
    }

    /// Claims a report that nobody else has, or that `from` has.
    pub async fn take_over(
        &self,
        ref_key: RefKey,
        claim: &Claim,
        from: PersonId,
        context: &EnqueueContext<'_>,
    ) -> Result<ClaimOutcome, DatabaseError> {
        self.claim_from(ref_key, claim, Some(from), context).await
    }

    async fn claim_from(
        &self,
        ref_key: RefKey,
        claim: &Claim,
        from: Option<PersonId>,
        context: &EnqueueContext<'_>,
    ) -> Result<ClaimOutcome, DatabaseError> {
        let mut write = self.write().await?;
        let before = living_claim(&mut write, ref_key, claim.since).await?;
        let Some(stored) = store(&mut write, ref_key, claim, from).await? else {
            return other_holder(&mut write, ref_key, claim.since).await;
        };
        let actor = format!("person:{}", claim.person.0);
        match before {
            Some(before) if before.person != claim.person => {
                let detail = format!("from person:{}", before.person.0);
                record(&mut write, ref_key, (&actor, "taken_over", detail), context).await?;
            }
            Some(_) => {}
            None => {
                let detail = format!("until {}", claim.until);
                record(&mut write, ref_key, (&actor, "claimed", detail), context).await?;
            }
        }
        write.commit().await?;
        Ok(ClaimOutcome::Mine(stored))
    }

    /// Extends the own claim if it has not ended.
    pub async fn keep_claim(
        &self,
        ref_key: RefKey,
        claim: &Claim,
    ) -> Result<ClaimOutcome, DatabaseError> {
        let sql =
            "UPDATE claims SET until = $1 WHERE ref_key = $2 AND person_id = $3 AND until > $4";
        let Claim { person, since: now, until, .. } = claim;
        query(sql, params![until, ref_key, person, now]).run(&self.pool).await?;
        let sql = format!("SELECT {COLUMNS} FROM claims WHERE ref_key = $1 AND until > $2");
        let living: Option<LivingClaim> =
            query(sqlx::AssertSqlSafe(sql), params![ref_key, now]).optional(&self.pool).await?;
        Ok(match living.and_then(|living| living.0) {
            Some(living) if living.person == *person => ClaimOutcome::Mine(living),
            Some(living) => ClaimOutcome::HeldBy(living),
            None => ClaimOutcome::Lost,
        })
    }

    /// Ends the own claim.
    pub async fn release_claim(
        &self,
        ref_key: RefKey,
        person: PersonId,
    ) -> Result<(), DatabaseError> {
        let sql = "DELETE FROM claims WHERE ref_key = $1 AND person_id = $2";
        query(sql, params![ref_key, person]).run(&self.pool).await
    }
}

/// Compare-and-set on the holder: the row is free, the caller's, or that of `from`. Returns the claim, which
/// keeps its beginning if it was the caller's.
async fn store(
    write: &mut Write,
    ref_key: RefKey,
    claim: &Claim,
    from: Option<PersonId>,
) -> Result<Option<Claim>, DatabaseError> {
    let sql = "INSERT INTO claims (ref_key, person_id, name, since, until) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (ref_key) DO UPDATE SET since = CASE \
        WHEN claims.person_id = excluded.person_id AND claims.until > excluded.since \
        THEN claims.since ELSE excluded.since END, person_id = excluded.person_id, \
        name = excluded.name, until = excluded.until WHERE claims.person_id = excluded.person_id \
        OR claims.until <= excluded.since OR claims.person_id = $6 RETURNING since";
    let Claim { person, name, since, until } = claim;
    let from = from.map_or(-1, |from| from.0);
    let values = params![ref_key, person, name, since, until, from];
    let since: Option<Stored<Timestamp>> = query(sql, values).value(&mut *write).await?;
    Ok(since.map(|Stored(since)| Claim { since, ..claim.clone() }))
}

/// Another reviewer has the report.
async fn other_holder(
    write: &mut Write,
    ref_key: RefKey,
    now: Timestamp,
) -> Result<ClaimOutcome, DatabaseError> {
    let holder = living_claim(write, ref_key, now).await?;
    Ok(holder.map_or(ClaimOutcome::Lost, ClaimOutcome::HeldBy))
}

/// The claim of a report, unless it has ended.
pub(super) async fn living_claim(
    write: &mut Write,
    ref_key: RefKey,
    now: Timestamp,
) -> Result<Option<Claim>, DatabaseError> {
    let sql = format!("SELECT {COLUMNS} FROM claims WHERE ref_key = $1 AND until > $2");
    let living: Option<LivingClaim> =
        query(sqlx::AssertSqlSafe(sql), params![ref_key, now]).optional(&mut *write).await?;
    Ok(living.and_then(|living| living.0))
}
