//! Decisions of the console: they take effect after a while, and can be undone until then.

use std::mem::take;

use jiff::{SignedDuration, Timestamp};

use crate::database::{
    AddOutcome, Claim, ConsoleDecision, DatabaseError, DecisionState, NewPendingDecision,
    ReportState,
};
use crate::model::texts::Language;
use crate::model::{Decision, DecisionId, RefKey, Rejection, RejectionError};

use super::report::name_of;
use super::service::{Review, ReviewError, Reviewer};

/// Void decisions that a page shows at most.
const MAX_VOID: i64 = 5;

/// A decision that a reviewer makes.
#[derive(Debug, Clone)]
pub struct NewConsoleDecision {
    /// Made by the page, once for each decision: repeating the request is harmless.
    pub id: DecisionId,
    pub ref_key: RefKey,
    /// The version of the report that the reviewer has seen.
    pub version: i64,
    pub decision: Decision,
    /// Ignored for an approval.
    pub rejection: Rejection,
}

/// Why a decision is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleDecisionError {
    #[error(transparent)]
    Rejection(#[from] RejectionError),
    #[error("the report has changed since; load it again")]
    Changed(Box<ReportChanged>),
    #[error("another reviewer has this report")]
    HeldBy(Claim),
    #[error("another decision about this report waits to take effect")]
    Pending(Box<ConsoleDecision>),
    /// A repeated request, after the decision was undone or its report has changed.
    #[error("this decision was undone, or did not take effect")]
    Over(Box<ConsoleDecision>),
    /// Or the reviewer may not see it.
    #[error("this report does not exist")]
    NotFound,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The state of a report that has changed, and who or what has changed it.
#[derive(Debug, Clone)]
pub struct ReportChanged {
    pub state: ReportState,
    /// Of the last decision; empty unless a person has made it.
    pub decider_name: String,
    /// When the latest video was received.
    pub received_at: Option<Timestamp>,
}

/// What an undo has found.
#[derive(Debug, Clone)]
pub enum UndoOutcome {
    /// Undone, now or by an earlier request; or void, which has no effect either.
    Undone(Box<ConsoleDecision>),
    /// It has taken effect.
    TooLate(Box<ConsoleDecision>),
}

impl Review {
    /// Records a decision that takes effect when it cannot be undone any more. The report, its lists, 1C
    /// and the driver see nothing of it until then.
    pub async fn decide(
        &self,
        reviewer: &Reviewer,
        new: NewConsoleDecision,
    ) -> Result<ConsoleDecision, ConsoleDecisionError> {
        let (id, ref_key) = (new.id, new.ref_key);
        let pending = self.pending(reviewer, new)?;
        match self.database.add_console_decision(&pending).await? {
            AddOutcome::Stored => {}
            AddOutcome::Changed(state) => return Err(self.changed(ref_key, state).await?),
            AddOutcome::HeldBy(claim) => return Err(ConsoleDecisionError::HeldBy(claim)),
            AddOutcome::Pending => return Err(self.other_decision(ref_key).await?),
            AddOutcome::NoReport => return Err(ConsoleDecisionError::NotFound),
        }
        let stored = self.database.console_decision(id, reviewer.person.id).await?;
        let stored = stored.ok_or(ConsoleDecisionError::NotFound)?;
        match stored.state {
            DecisionState::Pending | DecisionState::Effective => Ok(stored),
            DecisionState::Undone | DecisionState::Void => {
                Err(ConsoleDecisionError::Over(Box::new(stored)))
            }
        }
    }

    fn pending(
        &self,
        reviewer: &Reviewer,
        mut new: NewConsoleDecision,
    ) -> Result<NewPendingDecision, RejectionError> {
        let rejection = match new.decision {
            Decision::Approve => None,
            Decision::Reject => Some(take(&mut new.rejection).normalized()?),
        };
        Ok(self.row(reviewer, &new, rejection))
    }

    fn row(
        &self,
        reviewer: &Reviewer,
        new: &NewConsoleDecision,
        rejection: Option<Rejection>,
    ) -> NewPendingDecision {
        let reason = rejection.as_ref().map(|it| it.compose(Language::Russian));
        let created_at = self.clock.now();
        let undo_for = SignedDuration::from_secs(reviewer.preferences.undo_for.seconds());
        NewPendingDecision {
            id: new.id,
            ref_key: new.ref_key,
            version: new.version,
            decision: new.decision,
            rejection,
            reason: reason.unwrap_or_default(),
            person: reviewer.person.id,
            name: reviewer.name.clone(),
            scope: reviewer.scope,
            created_at,
            effective_at: created_at.checked_add(undo_for).unwrap_or(created_at),
        }
    }

    async fn changed(
        &self,
        ref_key: RefKey,
        state: ReportState,
    ) -> Result<ConsoleDecisionError, DatabaseError> {
        let submission = self.database.reviewed_submission(ref_key).await?;
        let received_at = submission.map(|submission| submission.stored.received_at);
        let decider_name = name_of(&self.database, &state.decided_by).await?;
        let changed = ReportChanged { state, decider_name, received_at };
        Ok(ConsoleDecisionError::Changed(Box::new(changed)))
    }

    /// If the other decision has been settled meanwhile, the caller should look at the report again.
    async fn other_decision(&self, ref_key: RefKey) -> Result<ConsoleDecisionError, DatabaseError> {
        let other = self.database.pending_decision(ref_key).await?;
        Ok(other.map_or(ConsoleDecisionError::NotFound, |other| {
            ConsoleDecisionError::Pending(Box::new(other))
        }))
    }

    /// Withdraws a decision of the reviewer that has not taken effect. With `sent`, the request of a decision
    /// that got no answer, one that has not arrived is stored as undone: it may still be on its way.
    pub async fn undo(
        &self,
        reviewer: &Reviewer,
        id: DecisionId,
        sent: Option<&NewConsoleDecision>,
    ) -> Result<UndoOutcome, ReviewError> {
        let (person, context) = (reviewer.person.id, self.enqueue_context());
        let is_undone = self.database.undo_console_decision(id, person, &context).await?;
        if let Some(sent) = sent.filter(|sent| !is_undone && sent.id == id)
            && self.database.has_report(reviewer.scope, sent.ref_key).await?
        {
            self.database.add_undone_decision(&self.row(reviewer, sent, None)).await?;
            // It may have arrived between the two statements.
            self.database.undo_console_decision(id, person, &context).await?;
        }
        let decision = Box::new(self.decision(reviewer, id).await?);
        Ok(match decision.state {
            DecisionState::Undone | DecisionState::Void => UndoOutcome::Undone(decision),
            DecisionState::Pending | DecisionState::Effective => UndoOutcome::TooLate(decision),
        })
    }

    /// A decision of the reviewer, to see what has become of it.
    pub async fn decision(
        &self,
        reviewer: &Reviewer,
        id: DecisionId,
    ) -> Result<ConsoleDecision, ReviewError> {
        let found = self.database.console_decision(id, reviewer.person.id).await?;
        found.ok_or(ReviewError::NotFound)
    }

    /// The reviewer's decisions that did not take effect, until they are marked as seen.
    pub async fn unseen_void(
        &self,
        reviewer: &Reviewer,
    ) -> Result<Vec<ConsoleDecision>, ReviewError> {
        Ok(self.database.unseen_void_decisions(reviewer.person.id, MAX_VOID).await?)
    }

    pub async fn mark_void_seen(
        &self,
        reviewer: &Reviewer,
        id: DecisionId,
    ) -> Result<(), ReviewError> {
        let (person, now) = (reviewer.person.id, self.clock.now());
        Ok(self.database.mark_void_decision_seen(id, person, now).await?)
    }

    /// The reviewer's latest decision that can still be undone.
    pub async fn latest_pending(
        &self,
        reviewer: &Reviewer,
    ) -> Result<Option<ConsoleDecision>, ReviewError> {
        Ok(self.database.latest_pending_decision(reviewer.person.id).await?)
    }
}
