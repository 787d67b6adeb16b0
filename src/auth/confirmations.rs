//! Confirming a device, so that it may sign in after the daily limit of wrong guesses has been reached: by the
//! link in the mail with its code, or by a director.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::keys::{mac, prefix};
use super::service::{Auth, Caller};
use crate::database::{ChallengeRow, DatabaseError, WaitingDevice};
use crate::model::{ChallengeId, CompanyId, DeviceId, Role};

/// The path of a link, before its token.
const PATH: &str = "/confirm/";

/// The requester of a code, as the mail names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    pub company: String,
    pub first_name: String,
    pub mobile: String,
    pub device: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfirmationError {
    /// Not a link of ours, or its code has expired.
    #[error("the link is not valid")]
    InvalidLink,
    #[error("only a director can do this")]
    NotDirector,
    /// The company of the device is inactive.
    #[error("the company is not active")]
    Inactive,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Auth {
    pub(super) const fn has_links(&self) -> bool {
        self.public_url.is_some()
    }

    /// The link that confirms the device of a challenge; `None` without `http.public_url`.
    pub fn confirmation_link(&self, challenge: ChallengeId) -> Option<String> {
        let url = self.public_url.as_ref()?;
        let secret = URL_SAFE_NO_PAD.encode(self.link_secret(challenge));
        Some(format!("{url}{PATH}{challenge}.{secret}"))
    }

    /// 128 bits.
    fn link_secret(&self, challenge: ChallengeId) -> [u8; 16] {
        prefix(&mac(&self.link_key, &challenge.to_string()))
    }

    /// Whom a link is about.
    pub async fn confirmation(&self, token: &str) -> Result<Confirmed, ConfirmationError> {
        Ok(shown(self.linked_challenge(token).await?))
    }

    /// Confirms the device of a link for some minutes.
    pub async fn confirm(&self, token: &str) -> Result<Confirmed, ConfirmationError> {
        let challenge = self.linked_challenge(token).await?;
        let until = self.clock.now() + self.config.confirmed_for;
        let (company, device) = (challenge.company, &challenge.uuid);
        if !self.database.confirm_device(company, device, until).await? {
            return Err(ConfirmationError::InvalidLink);
        }
        tracing::info!(company = company.0, "device confirmed by the link in a mail");
        Ok(shown(challenge))
    }

    /// The challenge of a link whose code has not expired. A newer code of the device may have replaced it.
    async fn linked_challenge(&self, token: &str) -> Result<ChallengeRow, ConfirmationError> {
        let invalid = || ConfirmationError::InvalidLink;
        let (id, secret) = token.split_once('.').ok_or_else(invalid)?;
        let id: ChallengeId = id.parse().map_err(|_| invalid())?;
        let secret = URL_SAFE_NO_PAD.decode(secret).map_err(|_| invalid())?;
        if !bool::from(self.link_secret(id).ct_eq(secret.as_slice())) {
            return Err(invalid());
        }
        let challenge = self.database.challenge(id).await?;
        challenge.filter(|found| found.expires_at > self.clock.now()).ok_or_else(invalid)
    }

    /// The devices that wait for a code of the director's company.
    pub async fn waiting_devices(
        &self,
        caller: &Caller,
    ) -> Result<Vec<WaitingDevice>, ConfirmationError> {
        let company = director(caller)?;
        let since = self.clock.now() - self.config.otp_ttl;
        Ok(self.database.waiting_devices(company, since).await?)
    }

    /// Confirms a device for the director's company.
    pub async fn confirm_device(
        &self,
        caller: &Caller,
        device: &DeviceId,
    ) -> Result<(), ConfirmationError> {
        let company = director(caller)?;
        let until = self.clock.now() + self.config.confirmed_for;
        if !self.database.confirm_device(company, device.as_str(), until).await? {
            return Err(ConfirmationError::Inactive);
        }
        tracing::info!(company = company.0, "device confirmed by a director");
        Ok(())
    }
}

fn director(caller: &Caller) -> Result<CompanyId, ConfirmationError> {
    let is_director = caller.person.role == Role::Admin;
    is_director.then_some(caller.person.company).ok_or(ConfirmationError::NotDirector)
}

fn shown(challenge: ChallengeRow) -> Confirmed {
    let ChallengeRow { company_name: company, first_name, mobile, uuid: device, .. } = challenge;
    Confirmed { company, first_name, mobile, device }
}
