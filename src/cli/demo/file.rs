//! `demo.json`: what a person or a program needs to use the demo. Its field names are stable.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::keys::Account;
use super::seed::DemoReport;
use super::users::{Reviewer, User};
use crate::model::RefKey;

/// The file's name in the demo's folder.
pub(super) const NAME: &str = "demo.json";

/// The content of `demo.json`.
#[derive(Serialize)]
pub(super) struct DemoFile<'a> {
    pub(super) base_url: &'a str,
    pub(super) users: [User; 3],
    pub(super) reviewer: Reviewer,
    pub(super) exchange: &'a Account,
    pub(super) reports: Vec<Report<'a>>,
    pub(super) mail_dir: &'a Path,
    pub(super) data_dir: &'a Path,
    pub(super) webhook: Webhook<'a>,
    pub(super) metrics_url: String,
}

#[derive(Serialize)]
pub(super) struct Report<'a> {
    ref_key: RefKey,
    status_code: i64,
    company: &'a str,
    vehicle_guid: &'a str,
}

/// Where events are posted, and the secret they are signed with.
#[derive(Serialize)]
pub(super) struct Webhook<'a> {
    pub(super) url: &'a str,
    pub(super) secret: &'a str,
    pub(super) log: &'a Path,
}

impl<'a> From<&'a DemoReport> for Report<'a> {
    fn from(report: &'a DemoReport) -> Self {
        Self {
            ref_key: report.ref_key,
            status_code: report.status.code(),
            company: &report.company,
            vehicle_guid: &report.vehicle,
        }
    }
}

impl DemoFile<'_> {
    /// Replaces the file atomically: a program that waits for it never reads half of it.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        let path = self.data_dir.join(NAME);
        let write = || -> anyhow::Result<()> {
            let mut file = NamedTempFile::new_in(self.data_dir)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.persist(&path)?;
            Ok(())
        };
        write().with_context(|| path.display().to_string())
    }
}
