//! Decisions on reports. Decisions in 1C's messages are recorded by the inbox.

use crate::database::{DatabaseError, DecisionOutcome, NewDecision, ReportState};
use crate::model::{CompanyId, Decision, Person, RefKey, Rejection};

use super::service::Leasing;

/// In characters.
const LONGEST_REASON: usize = 2_000;

/// Why a reason is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReasonError {
    #[error("is required for a rejection")]
    Missing,
    #[error("must have at most {LONGEST_REASON} characters")]
    TooLong,
    #[error("must not contain control characters")]
    ControlCharacter,
}

/// Why a decision is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    #[error("only reviewers decide on reports")]
    Forbidden,
    /// A reviewer must say which version of the report they have seen.
    #[error("the version is required")]
    VersionMissing,
    #[error(transparent)]
    Reason(#[from] ReasonError),
    /// The report does not exist, or belongs to a company that this reviewer does not see.
    #[error("this report does not exist")]
    NotFound,
    #[error("the report has changed since; load it again")]
    Conflict(Box<ReportState>),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

#[derive(Debug, Clone)]
pub struct DecisionRequest {
    pub ref_key: RefKey,
    pub decision: Decision,
    pub reason: String,
    /// The version that the decision was made on. `None` is allowed for 1C only, and means the
    /// current one.
    pub version: Option<i64>,
}

impl Leasing {
    /// Records a reviewer's decision. Reviewers of the lessor decide for every company, others for
    /// their own.
    pub async fn decide(
        &self,
        reviewer: &Person,
        request: DecisionRequest,
    ) -> Result<ReportState, DecisionError> {
        if !reviewer.role.decides() {
            return Err(DecisionError::Forbidden);
        }
        if request.version.is_none() {
            return Err(DecisionError::VersionMissing);
        }
        let scope = (reviewer.company != CompanyId::LESSOR).then_some(reviewer.company);
        let actor = format!("person:{}", reviewer.id.0);
        self.record(&request.by(scope, actor)?).await
    }

    /// Records a decision of a 1C node, for any company.
    pub async fn decide_as_node(
        &self,
        node: &str,
        request: DecisionRequest,
    ) -> Result<ReportState, DecisionError> {
        self.record(&request.by(None, format!("node:{node}"))?).await
    }

    /// The reasons of the last rejection of a report, if a reviewer chose them in the console. The caller
    /// checks who may see the report.
    pub async fn rejection(&self, ref_key: RefKey) -> Result<Option<Rejection>, DatabaseError> {
        self.database.rejection(ref_key).await
    }

    /// Records a decision that has been authorised.
    pub async fn record(&self, deciding: &NewDecision) -> Result<ReportState, DecisionError> {
        match self.database.decide(deciding, &self.enqueue_context()).await? {
            DecisionOutcome::Done(state) => {
                self.wakeup.notify_one();
                Ok(state)
            }
            DecisionOutcome::Conflict(state) => Err(DecisionError::Conflict(Box::new(state))),
            DecisionOutcome::NoReport => Err(DecisionError::NotFound),
        }
    }
}

impl DecisionRequest {
    fn by(self, scope: Option<CompanyId>, actor: String) -> Result<NewDecision, ReasonError> {
        let Self { ref_key, decision, reason, version } = self;
        let reason = validate_reason(decision, &reason)?;
        Ok(NewDecision { ref_key, decision, reason, rejection: None, version, scope, actor })
    }
}

/// The reason as it is stored: empty for an approval, trimmed and required for a rejection.
fn validate_reason(decision: Decision, given: &str) -> Result<String, ReasonError> {
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
    if reason.contains(|char: char| char.is_control() && !matches!(char, '\n' | '\t')) {
        return Err(ReasonError::ControlCharacter);
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_needs_a_reason_and_an_approval_has_none() {
        let rejected = |given: &str| validate_reason(Decision::Reject, given);
        assert_eq!(rejected(" Темно\r\nи мокро "), Ok("Темно\nи мокро".to_owned()));
        assert_eq!(rejected(" \n "), Err(ReasonError::Missing));
        assert_eq!(rejected("a\0b"), Err(ReasonError::ControlCharacter));
        assert_eq!(rejected(&"ж".repeat(2_001)), Err(ReasonError::TooLong));
        assert_eq!(rejected(&"ж".repeat(2_000)).map(|it| it.len()), Ok(4_000));
        assert_eq!(validate_reason(Decision::Approve, "какая-то"), Ok(String::new()));
    }
}
