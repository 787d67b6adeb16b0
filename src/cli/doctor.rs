//! `doctor`: checks everything that the service depends on.

use std::io::{self, Write as _};

use clap::Args;
use serde_json::json;

use super::answer::Answer;
use crate::config::Settings;
use crate::database::{Database, DatabaseError};
use crate::http::server::Validity;
use crate::leasing::time_zone_release;
use crate::model::{Clock, Faults, NodeId, Random, error_chain};
use crate::notify::{Fcm, Mail, Webhook};
use crate::storage::{Spool, Store};

/// Checks the database, the object store, the spool, mail, push messages and the webhook's settings
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media doctor --config /etc/forte-media.toml --json")]
pub struct Doctor {
    /// Print one JSON object per check
    #[arg(long)]
    pub json: bool,
}

impl Doctor {
    /// The answer is "no" if a check failed.
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        Box::pin(examine(&settings, self.json)).await
    }
}

/// The name of a check, and its result.
type Check = (String, Result<(), String>);

/// Checks every dependency and prints a line for each.
pub(super) async fn examine(settings: &Settings, as_json: bool) -> anyhow::Result<Answer> {
    let mut checks = vec![secret(settings), database(settings).await, webhook(settings)];
    checks.push((format!("the time zone data are those of {}", time_zone_release()), Ok(())));
    checks.extend([mail(settings).await, push(settings).await]);
    checks.extend(certificate(settings));
    checks.extend(store(settings).await);
    let mut out = io::stdout().lock();
    for (name, result) in &checks {
        let why = result.as_ref().err();
        if as_json {
            writeln!(out, "{}", json!({ "check": name, "ok": why.is_none(), "why": why }))?;
        } else {
            writeln!(out, "{}  {name}{}", if why.is_none() { "ok " } else { "NO " }, reason(why))?;
        }
    }
    let healthy = checks.iter().all(|(_, result)| result.is_ok());
    Ok(if healthy { Answer::Done } else { Answer::No })
}

fn reason(why: Option<&String>) -> String {
    why.map(|why| format!(": {why}")).unwrap_or_default()
}

fn secret(settings: &Settings) -> Check {
    let set = settings.auth.secret.as_ref().map(|_| ());
    ("auth.secret is set".to_owned(), set.ok_or_else(|| "`serve` requires it".to_owned()))
}

async fn database(settings: &Settings) -> Check {
    let tried = async { Database::open_existing(&settings.database).await?.probe().await };
    match tried.await {
        // Before the first start.
        Err(DatabaseError::Missing(_)) => ("the database will be created".to_owned(), Ok(())),
        tried => ("the database answers".to_owned(), tried.map_err(|error| error_chain(&error))),
    }
}

fn webhook(settings: &Settings) -> Check {
    let made = Webhook::from_config(&settings.notify, Clock::system());
    (
        "the settings of the webhook are valid".to_owned(),
        made.map(|_| ()).map_err(|error| error_chain(&error)),
    )
}

/// Reads the certificate of the public listener and its key. `None` if TLS is off.
fn certificate(settings: &Settings) -> Option<Check> {
    let named = |name: &str| name.to_owned();
    Some(match validity(settings) {
        Ok(None) => return None,
        Ok(Some(Validity::Valid(period) | Validity::ExpiresSoon(period))) => {
            (format!("the TLS certificate belongs to its key; {period}"), Ok(()))
        }
        Ok(Some(Validity::Invalid(why))) => (named("clients accept the TLS certificate"), Err(why)),
        Err(why) => (named("the TLS certificate and its key can be used"), Err(why)),
    })
}

/// How long the certificate of the public listener is valid; an error if it cannot be used.
pub(super) fn validity(settings: &Settings) -> Result<Option<Validity>, String> {
    let tls = &settings.http.tls;
    let certificate = tls.load().map_err(|error| error.to_string())?;
    let now = Clock::system().now();
    Ok(certificate.map(|certificate| certificate.validity(now, tls.expiry_warning)))
}

/// Connects to the mail server and authenticates, or writes to the folder that replaces it.
async fn mail(settings: &Settings) -> Check {
    let tried =
        async { Mail::from_config(&settings.mail, Clock::system())?.check_connection().await };
    let name = match &settings.mail.host {
        Some(_) => "the mail server answers",
        None => "mail can be written to mail.folder (mail.host is not set)",
    };
    (name.to_owned(), tried.await.map_err(|error| error_chain(&error)))
}

/// Gets an access token with the service account.
async fn push(settings: &Settings) -> Check {
    let (name, result) = match Fcm::from_config(&settings.notify, Clock::system()) {
        Ok(None) => ("push messages are off (notify.fcm is not set)", Ok(())),
        Ok(Some(fcm)) => (
            "FCM accepts the service account",
            fcm.check_connection().await.map_err(|error| error_chain(&error)),
        ),
        Err(error) => ("the settings of FCM are valid", Err(error_chain(&error))),
    };
    (name.to_owned(), result)
}

/// Stores objects, stores them conditionally, reads ranges and opens a playback link.
async fn store(settings: &Settings) -> Vec<Check> {
    let (clock, random) = (Clock::system(), Random::system());
    let key = random.bytes::<32>();
    let opened = async {
        let store = Store::open(&settings.storage, &key, Faults::none()).await?;
        match Spool::open(&settings.upload.spool, NodeId::mint(&clock, &random), Faults::none()) {
            Ok(spool) => store.check_spool(&spool)?,
            // A running service has locked it, and has checked it at its start.
            Err(crate::storage::StorageError::SpoolLocked(_)) => {}
            Err(error) => return Err(error),
        }
        store
            .self_test(&reqwest::Client::builder().build().unwrap_or_default(), &clock, &random)
            .await
    };
    match opened.await {
        Ok(steps) => steps.into_iter().map(step).collect(),
        Err(error) => vec![("the store can be opened".to_owned(), Err(error_chain(&error)))],
    }
}

fn step(step: crate::storage::TestResult) -> Check {
    (format!("the store: {}", step.name), step.result.map_err(|error| error_chain(&*error)))
}
