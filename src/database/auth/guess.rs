//! Guesses of codes. One transaction compares the limits, counts a wrong guess, or opens the session.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::params;
use crate::database::connection::Target;
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{ChallengeId, CompanyId, GuessRule};

use super::code_traffic::{Requester, is_known, wrong_of_day};
use super::redeem_code::{RedeemedCode, redeem};
use super::sessions::NewSession;

/// A code that was entered for a challenge.
#[derive(Debug, Clone, Copy)]
pub struct Guess {
    pub challenge: ChallengeId,
    pub is_right: bool,
    pub now: Timestamp,
}

/// What the limits know about a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuessTraffic {
    /// Wrong guesses of a day: of the device if it is known, or else of all unknown devices for the BIN.
    pub wrong: u64,
    /// Whether the device has had a session in the company, or is confirmed.
    pub is_known: bool,
    pub guess_rule: GuessRule,
}

/// The decision of the limits about a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuessDecision {
    /// The code is compared, and invalidated by this many wrong guesses.
    Allowed { most_wrong: u32 },
    /// The device must be confirmed first.
    Unconfirmed,
    /// The code cannot be used any more.
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuessOutcome {
    Redeemed(RedeemedCode),
    /// The code is wrong, or cannot be used any more.
    Invalid,
    /// The code was not compared: the device must be confirmed first.
    Unconfirmed,
}

#[derive(FromRow)]
struct Guessed {
    biin: String,
    uuid: String,
    company_id: CompanyId,
    guess_rule: GuessRule,
}

impl Database {
    /// Handles a guess. Guesses are serialized with each other and with requests for codes, so that
    /// concurrent ones cannot exceed a limit together. An unknown BIN runs the same statements.
    pub async fn guess_code(
        &self,
        guess: Guess,
        decide: impl Fn(&GuessTraffic) -> GuessDecision + Send + Sync,
        session: NewSession,
    ) -> Result<GuessOutcome, DatabaseError> {
        // Checked first without the lock, so that a flood of refused guesses does not block others.
        if let Err(refused) = allowed((&self.pool).into(), guess, &decide).await? {
            return Ok(refused);
        }
        let mut write = self.write().await?;
        next_number(&mut write, Counter::Challenges).await?;
        let most_wrong = match allowed((&mut write).into(), guess, &decide).await? {
            Ok(most_wrong) => most_wrong,
            Err(refused) => return Ok(refused),
        };
        let outcome = if guess.is_right {
            let redeemed = redeem(&mut write, guess.challenge, session).await?;
            redeemed.map_or(GuessOutcome::Invalid, GuessOutcome::Redeemed)
        } else {
            count_wrong(&mut write, guess.challenge, most_wrong).await?;
            GuessOutcome::Invalid
        };
        write.commit().await?;
        Ok(outcome)
    }
}

/// By how many wrong guesses the code is invalidated, or the outcome of a guess that changes nothing.
async fn allowed(
    mut on: Target<'_>,
    guess: Guess,
    decide: impl Fn(&GuessTraffic) -> GuessDecision + Send + Sync,
) -> Result<Result<u32, GuessOutcome>, DatabaseError> {
    let Some(guessed) = find(on.reborrow(), guess.challenge).await? else {
        return Ok(Err(GuessOutcome::Invalid));
    };
    Ok(match decide(&traffic(on, &guessed, guess.now).await?) {
        GuessDecision::Allowed { most_wrong } => Ok(most_wrong),
        GuessDecision::Unconfirmed => Err(GuessOutcome::Unconfirmed),
        GuessDecision::Refused => Err(GuessOutcome::Invalid),
    })
}

/// A challenge that is open.
async fn find(on: Target<'_>, id: ChallengeId) -> Result<Option<Guessed>, DatabaseError> {
    let sql =
        "SELECT biin, uuid, company_id, guess_rule FROM challenges WHERE id = $1 AND used = 0";
    query(sql, params![id]).optional(on).await
}

async fn traffic(
    mut on: Target<'_>,
    guessed: &Guessed,
    now: Timestamp,
) -> Result<GuessTraffic, DatabaseError> {
    let Guessed { biin, uuid, company_id: company, guess_rule, .. } = guessed;
    let requester = Requester { biin, uuid, company: *company, now };
    let is_known = is_known(on.reborrow(), requester).await?;
    let wrong = wrong_of_day(on, requester, is_known).await?;
    Ok(GuessTraffic { wrong, is_known, guess_rule: *guess_rule })
}

/// Counts a wrong guess. After `most` of them the code is blocked (S4).
async fn count_wrong(write: &mut Write, id: ChallengeId, most: u32) -> Result<(), DatabaseError> {
    let sql = "UPDATE challenges SET wrong_codes = wrong_codes + 1, \
        used = CASE WHEN wrong_codes + 1 >= $1 THEN 2 ELSE used END WHERE id = $2 AND used = 0";
    query(sql, params![most, id]).run(&mut *write).await
}
