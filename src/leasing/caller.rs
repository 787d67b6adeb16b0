//! Who is calling.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{TokenError, Tokens};
use crate::database::{Database, DatabaseError};
use crate::model::{ChallengeId, Person, PersonId};

/// The business side. Cheap to clone.
#[derive(Clone)]
pub struct Leasing {
    pub(super) database: Database,
    pub(super) tokens: Arc<Tokens>,
    pub(super) wakeup: Arc<Notify>,
}

/// Who is calling, and in which session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub person: Person,
    /// The session their token names.
    pub session: String,
}

/// Why a caller is not let in, or cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    /// The token is not taken.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The person or the company may no longer act (S17), or the session has ended.
    #[error("this person may no longer act")]
    Inactive,
    /// The database is away: ask again.
    #[error("the database is away")]
    Away(#[source] DatabaseError),
    /// Ours to mend.
    #[error("something is broken")]
    Internal(#[source] DatabaseError),
}

impl From<DatabaseError> for CallerError {
    fn from(error: DatabaseError) -> Self {
        if error.is_transient() { Self::Away(error) } else { Self::Internal(error) }
    }
}

impl Leasing {
    /// The business side over these records and tokens.
    #[must_use]
    pub fn new(database: Database, tokens: Tokens) -> Self {
        Self { database, tokens: Arc::new(tokens), wakeup: Arc::new(Notify::new()) }
    }

    /// The person with this access token (what follows `Bearer `). The token says who; company and
    /// rights are those the database has now (S17, S18).
    ///
    /// # Errors
    /// When the token is not taken, the person may not act, or the database fails.
    pub async fn caller(&self, token: &str) -> Result<Person, CallerError> {
        self.caller_in_session(token).await.map(|caller| caller.person)
    }

    /// As [`Leasing::caller`], with the session.
    ///
    /// # Errors
    /// When the token is not taken, the person may not act, or the database fails.
    pub async fn caller_in_session(&self, token: &str) -> Result<Caller, CallerError> {
        let claims = self.tokens.verify_access(token)?;
        let person = self.database.acting_person(claims.person(), &claims.sid).await?;
        let person = person.ok_or(CallerError::Inactive)?;
        Ok(Caller { person, session: claims.sid })
    }

    /// How long access tokens live.
    pub(super) fn access_ttl(&self) -> jiff::SignedDuration {
        self.tokens.auth.access_ttl
    }

    /// The one-time code of a challenge: what the mail says, and what a sign-in is compared with.
    #[must_use]
    pub fn code_of(&self, challenge: ChallengeId) -> String {
        self.tokens.codes.of(challenge)
    }

    /// Whom an access token names, if it is taken at all; whether they may still act is not looked
    /// up. For doors that open by another secret and only turn strangers away (S23).
    #[must_use]
    pub fn claimed(&self, token: &str) -> Option<PersonId> {
        self.tokens.verify_access(token).ok().map(|claims| claims.person())
    }
}
