//! Reviewers' sessions: opened by a password, and then like everybody's.

use jiff::SignedDuration;

use super::{Leasing, SignInError, TokenPair};
use crate::model::{DeviceId, Person};

/// A reviewer's session.
pub struct Desk {
    /// Its tokens.
    pub pair: TokenPair,
    /// How long the access token lives.
    pub expires_in: SignedDuration,
}

impl Leasing {
    /// Opens a session for a reviewer whose password was right.
    ///
    /// # Errors
    /// When they may not act, or the database fails.
    pub async fn open_desk(&self, person: &Person, device: DeviceId) -> Result<Desk, SignInError> {
        let expires_in = self.access_ttl();
        let pair = self.open_session(person, device, "", expires_in).await?;
        Ok(Desk { pair, expires_in })
    }
}
