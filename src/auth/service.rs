//! The service handle, and the caller of a request.

use std::sync::Arc;

use jiff::SignedDuration;
use secrecy::SecretString;
use tokio::sync::Notify;

use super::codes::{self, Codes};
use super::config::Config;
use super::email_mask;
use super::keys::derive_key;
use super::tokens::{TokenError, Tokens};
use crate::database::{ActiveCaller, Database, DatabaseError, EnqueueContext};
use crate::events;
use crate::model::{BrowserKind, ChallengeId, Clock, Person, PersonId, Random};

/// The label of the key of links that confirm a device.
const LINKS: &str = "links that confirm a device";

/// Sign-in and sessions. Cheap to clone.
#[derive(Clone)]
pub struct Auth {
    pub(super) database: Database,
    pub(super) config: Arc<Config>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) codes: Arc<Codes>,
    pub(super) decoy_key: [u8; 32],
    pub(super) link_key: [u8; 32],
    /// `http.public_url`, for links in mails.
    pub(super) public_url: Option<Arc<str>>,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) wakeup: Arc<Notify>,
}

/// The verified caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub person: Person,
    /// The session that the token belongs to.
    pub session: String,
    /// The id of the device that the token was minted for.
    pub device: String,
    /// The pages for which the token was issued; `None`: an app.
    pub browser: Option<BrowserKind>,
}

impl Caller {
    /// Whether this is the session of a film link, which may only send the video of its report.
    pub const fn is_film_link(&self) -> bool {
        self.person.id.is_film_link()
    }

    /// Whether the token was issued to the driver's page.
    pub fn is_from_page(&self) -> bool {
        matches!(self.browser, Some(BrowserKind::Drive | BrowserKind::Film))
    }
}

/// Why a request has no verified caller.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The session has ended, or the person or the company is inactive.
    #[error("the session has ended or the person is inactive")]
    Inactive,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Auth {
    pub fn new(
        database: Database,
        config: &Config,
        secret: &SecretString,
        clock: Clock,
        random: Random,
    ) -> Self {
        let tokens = Tokens::new(config, secret, clock.clone(), random.clone());
        Self {
            database,
            config: Arc::new(config.clone()),
            tokens: Arc::new(tokens),
            codes: Arc::new(Codes::new(derive_key(secret, codes::LABEL), config.otp_digits)),
            decoy_key: derive_key(secret, email_mask::LABEL),
            link_key: derive_key(secret, LINKS),
            public_url: None,
            clock,
            random,
            wakeup: Arc::new(Notify::new()),
        }
    }

    /// Lets mails contain links below this URL.
    #[must_use]
    pub fn with_links(self, public_url: Option<&str>) -> Self {
        Self { public_url: public_url.map(Into::into), ..self }
    }

    /// Sets what is notified when a message has been added to the outbox.
    #[must_use]
    pub fn with_wakeup(self, wakeup: Arc<Notify>) -> Self {
        Self { wakeup, ..self }
    }

    /// Verifies an access token (the part after `Bearer `). The token identifies person and session;
    /// company and role are those that the database has now.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, CallerError> {
        let claims = self.tokens.verify_access(token)?;
        let (id, session) = (claims.person(), claims.sid.as_str());
        let caller = if id.is_film_link() {
            self.database.active_film_link(id, session, self.clock.now()).await?
        } else {
            self.database.active_person_in_session(id, session).await?
        };
        let ActiveCaller { person, browser } = caller.ok_or(CallerError::Inactive)?;
        Ok(Caller { person, session: claims.sid, device: claims.uuid, browser })
    }

    /// The person in a valid access token, without a database query. For routes that are
    /// protected by another secret.
    pub fn claimed_person(&self, token: &str) -> Option<PersonId> {
        self.tokens.verify_access(token).ok().map(|claims| claims.person())
    }

    pub fn access_ttl(&self) -> SignedDuration {
        self.config.access_ttl
    }

    /// The number of wrong guesses that invalidate a code.
    pub fn code_attempts(&self) -> u32 {
        self.config.limits.wrong_per_code
    }

    /// How long a device stays confirmed.
    pub fn confirmed_for(&self) -> SignedDuration {
        self.config.confirmed_for
    }

    /// The one-time code of a challenge.
    pub fn code_of(&self, challenge: ChallengeId) -> String {
        self.codes.of(challenge)
    }

    pub(super) fn enqueue_context(&self) -> EnqueueContext<'_> {
        EnqueueContext::new(&self.clock, &self.random, events::message)
    }
}
