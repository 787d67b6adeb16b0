//! Claims: a reviewer has a report for some minutes. Only an explicit request claims one.

use crate::database::{Claim, ClaimOutcome};
use crate::model::{PersonId, RefKey};

use super::service::{Review, ReviewError, Reviewer};

impl Review {
    /// Claims a report that nobody else has. The own claim is extended.
    pub async fn claim(
        &self,
        reviewer: &Reviewer,
        ref_key: RefKey,
    ) -> Result<ClaimOutcome, ReviewError> {
        self.check_visible(reviewer, ref_key).await?;
        let (claim, context) = (self.new_claim(reviewer), self.enqueue_context());
        Ok(self.database.claim(ref_key, &claim, &context).await?)
    }

    /// Extends the own claim, as long as the page is visible.
    pub async fn keep_claim(
        &self,
        reviewer: &Reviewer,
        ref_key: RefKey,
    ) -> Result<ClaimOutcome, ReviewError> {
        // Another company's claim would name its reviewer.
        if !self.database.has_report(reviewer.scope, ref_key).await? {
            return Ok(ClaimOutcome::Lost);
        }
        Ok(self.database.keep_claim(ref_key, &self.new_claim(reviewer)).await?)
    }

    /// Claims a report that `from` has, or nobody.
    pub async fn take_over(
        &self,
        reviewer: &Reviewer,
        ref_key: RefKey,
        from: PersonId,
    ) -> Result<ClaimOutcome, ReviewError> {
        self.check_visible(reviewer, ref_key).await?;
        let (claim, context) = (self.new_claim(reviewer), self.enqueue_context());
        Ok(self.database.take_over(ref_key, &claim, from, &context).await?)
    }

    /// Ends the own claim, if there is one.
    pub async fn release_claim(
        &self,
        reviewer: &Reviewer,
        ref_key: RefKey,
    ) -> Result<(), ReviewError> {
        Ok(self.database.release_claim(ref_key, reviewer.person.id).await?)
    }

    pub(super) async fn check_visible(
        &self,
        reviewer: &Reviewer,
        ref_key: RefKey,
    ) -> Result<(), ReviewError> {
        let is_visible = self.database.has_report(reviewer.scope, ref_key).await?;
        if is_visible { Ok(()) } else { Err(ReviewError::NotFound) }
    }

    fn new_claim(&self, reviewer: &Reviewer) -> Claim {
        let since = self.clock.now();
        let until = since.checked_add(self.config.claim_for).unwrap_or(since);
        Claim { person: reviewer.person.id, name: reviewer.name.clone(), since, until }
    }
}
