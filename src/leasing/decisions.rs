//! Decisions of reviewers. 1C's decisions come with the exchange and end in the same transaction of
//! the database.

use crate::database::{DatabaseError, DecisionOutcome, EnqueueContext, NewDecision, ReportState};
use crate::model::{CompanyId, Decision, EventId, Person, RefKey};

use super::Leasing;

/// Longest reason, in characters.
const LONGEST_REASON: usize = 2_000;

/// A reason that cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReasonError {
    /// A driver must be told what to do better.
    #[error("a rejection needs a reason")]
    Missing,
    /// Nobody reads that on a phone.
    #[error("it has at most {LONGEST_REASON} characters")]
    TooLong,
    /// It would not show.
    #[error("it has a control character in it")]
    Control,
}

/// Why there is no decision.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// Only reviewers decide.
    #[error("only reviewers decide")]
    Forbidden,
    /// A reviewer decides on what they have seen.
    #[error("the version that was looked at is missing")]
    Unversioned,
    /// The reason cannot be taken.
    #[error(transparent)]
    Reason(#[from] ReasonError),
    /// The report is not there, or of a company this reviewer does not see (S20).
    #[error("there is no such report")]
    NoReport,
    /// The report is not as the reviewer has seen it.
    #[error("the report is in another state meanwhile")]
    Conflict(Box<ReportState>),
    /// The database fails.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// A decision as it was asked for.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// On which report.
    pub ref_key: RefKey,
    /// What was decided.
    pub decision: Decision,
    /// Why, as given.
    pub reason: String,
    /// The version that was looked at; 1C may leave it out, and then decides on what there is.
    pub version: Option<i64>,
}

impl Leasing {
    /// Records what a reviewer decides: those of the lessor decide on every company's reports, others
    /// on their own company's.
    ///
    /// # Errors
    /// When they may not, the report is not as they have seen it, or the database fails.
    pub async fn decide(
        &self,
        reviewer: &Person,
        verdict: Verdict,
    ) -> Result<ReportState, DecisionError> {
        if !reviewer.role.decides() {
            return Err(DecisionError::Forbidden);
        }
        if verdict.version.is_none() {
            return Err(DecisionError::Unversioned);
        }
        let scope = (reviewer.company != CompanyId::LESSOR).then_some(reviewer.company);
        let actor = format!("person:{}", reviewer.id.0);
        self.record(&verdict.by(scope, actor)?).await
    }

    /// Records what a node of 1C decides: on every company's reports, as in its messages.
    ///
    /// # Errors
    /// When the report is not as the node has seen it, or the database fails.
    pub async fn decide_as_node(
        &self,
        node: &str,
        verdict: Verdict,
    ) -> Result<ReportState, DecisionError> {
        self.record(&verdict.by(None, format!("node:{node}"))?).await
    }

    /// Records a decision, whoever's it is: `version: None` decides on whatever there is, as 1C does.
    ///
    /// # Errors
    /// When the report is not as was thought, or the database fails.
    pub async fn record(&self, deciding: &NewDecision) -> Result<ReportState, DecisionError> {
        let (clock, random) = (self.tokens.clock.clone(), self.tokens.random.clone());
        let new_id = move || EventId::mint(&clock, &random);
        let context = EnqueueContext { new_id: &new_id, now: self.tokens.clock.now() };
        match self.database.decide(deciding, &context).await? {
            DecisionOutcome::Done(standing) => {
                self.wakeup.notify_one();
                Ok(standing)
            }
            DecisionOutcome::Conflict(standing) => Err(DecisionError::Conflict(Box::new(standing))),
            DecisionOutcome::NoReport => Err(DecisionError::NoReport),
        }
    }
}

impl Verdict {
    /// As it is recorded.
    fn by(self, scope: Option<CompanyId>, actor: String) -> Result<NewDecision, ReasonError> {
        let Self { ref_key, decision, reason, version } = self;
        let reason = reason_for(decision, &reason)?;
        Ok(NewDecision { ref_key, decision, reason, version, scope, actor })
    }
}

/// The reason as it is kept: an approval has none (Q29), a rejection must have one.
///
/// # Errors
/// When it cannot be taken.
pub fn reason_for(decision: Decision, given: &str) -> Result<String, ReasonError> {
    if decision == Decision::Approve {
        return Ok(String::new());
    }
    let reason = given.replace("\r\n", "\n").trim().to_owned();
    if reason.is_empty() {
        return Err(ReasonError::Missing);
    }
    if reason.chars().nth(LONGEST_REASON).is_some() {
        return Err(ReasonError::TooLong);
    }
    if reason.contains(|sign: char| sign.is_control() && !matches!(sign, '\n' | '\t')) {
        return Err(ReasonError::Control);
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_kept_as_lines_and_an_approval_has_none() {
        let rejected = |given: &str| reason_for(Decision::Reject, given);
        assert_eq!(rejected(" Темно\r\nи мокро "), Ok("Темно\nи мокро".to_owned()));
        assert_eq!(rejected(" \n "), Err(ReasonError::Missing));
        assert_eq!(rejected("a\0b"), Err(ReasonError::Control));
        assert_eq!(rejected(&"ж".repeat(2_001)), Err(ReasonError::TooLong));
        assert_eq!(rejected(&"ж".repeat(2_000)).map(|it| it.len()), Ok(4_000));
        assert_eq!(reason_for(Decision::Approve, "какая-то"), Ok(String::new()));
    }
}
