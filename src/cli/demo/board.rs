//! `demo.json`: what a person or a program needs to use the house (`interface.md` §2).

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use jiff::SignedDuration;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::cast::{DIRECTOR, DRIVER, REVIEWER, STRANGER, Tenant};
use super::furnish::Standing;
use super::keys::{Account, Keys};
use super::receiver::Receiver;
use crate::leasing::{Leasing, TokenPair};
use crate::model::{DeviceId, RefKey, Role, VehicleGuid};

/// The file in the data folder.
pub(super) const FILE: &str = "demo.json";

/// How long the access tokens live: long enough to try things by hand.
const ACCESS_TTL: SignedDuration = SignedDuration::from_hours(1);

/// Everything on it.
#[derive(Serialize)]
pub(super) struct Board<'a> {
    pub(super) base_url: &'a str,
    pub(super) users: [User; 3],
    pub(super) reviewer: Reviewer<'a>,
    pub(super) exchange: &'a Account,
    pub(super) reports: Vec<Report>,
    pub(super) mail_dir: &'a Path,
    pub(super) data_dir: &'a Path,
    pub(super) webhook: Hook<'a>,
    pub(super) metrics_url: String,
}

/// Somebody with a phone.
#[derive(Serialize)]
pub(super) struct User {
    name: &'static str,
    role: Role,
    company: &'static str,
    biin: &'static str,
    uuid: &'static str,
    pub(super) access_token: String,
    refresh_token: String,
}

/// Somebody with a browser.
#[derive(Serialize)]
pub(super) struct Reviewer<'a> {
    #[serde(flatten)]
    account: &'a Account,
    pub(super) access_token: String,
}

#[derive(Serialize)]
pub(super) struct Report {
    ref_key: RefKey,
    status_code: i64,
    company: &'static str,
    vehicle_guid: VehicleGuid,
}

/// Where events go, and how to check them.
#[derive(Serialize)]
pub(super) struct Hook<'a> {
    url: &'a str,
    secret: &'a str,
    log: &'a Path,
}

/// Signs people in, afresh for this run.
pub(super) struct Desk<'a>(pub(super) &'a Leasing);

impl Desk<'_> {
    /// Director, driver, stranger.
    pub(super) async fn users(&self) -> anyhow::Result<[User; 3]> {
        Ok([self.user(&DIRECTOR).await?, self.user(&DRIVER).await?, self.user(&STRANGER).await?])
    }

    /// The reviewer.
    pub(super) async fn reviewer<'k>(&self, keys: &'k Keys) -> anyhow::Result<Reviewer<'k>> {
        let access_token = self.sign_in(&REVIEWER).await?.access_token;
        Ok(Reviewer { account: &keys.reviewer, access_token })
    }

    async fn user(&self, tenant: &Tenant) -> anyhow::Result<User> {
        let pair = self.sign_in(tenant).await?;
        Ok(User {
            name: tenant.name,
            role: tenant.role,
            company: tenant.company.biin,
            biin: tenant.company.biin,
            uuid: tenant.uuid,
            access_token: pair.access_token,
            refresh_token: pair.refresh_token,
        })
    }

    async fn sign_in(&self, tenant: &Tenant) -> anyhow::Result<TokenPair> {
        let device: DeviceId = tenant.uuid.parse()?;
        Ok(self.0.open_session(&tenant.person(), device, "", ACCESS_TTL).await?)
    }
}

impl<'a> Hook<'a> {
    /// The receiver of this run.
    pub(super) fn new(receiver: &'a Receiver, keys: &'a Keys) -> Self {
        Self { url: &receiver.url, secret: &keys.webhook_secret, log: &receiver.log }
    }
}

impl From<&Standing> for Report {
    fn from(report: &Standing) -> Self {
        Self {
            ref_key: report.ref_key,
            status_code: report.status.code(),
            company: report.company.biin,
            vehicle_guid: report.vehicle,
        }
    }
}

impl Board<'_> {
    /// Puts it into the data folder, whole or not at all: whoever waits for it never reads half.
    pub(super) fn put_up(&self) -> anyhow::Result<()> {
        let path = self.data_dir.join(FILE);
        let write = || -> anyhow::Result<()> {
            let mut file = NamedTempFile::new_in(self.data_dir)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.persist(&path)?;
            Ok(())
        };
        write().with_context(|| path.display().to_string())
    }
}
