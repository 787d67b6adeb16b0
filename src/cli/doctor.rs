//! `doctor`: tries everything the service leans on.

use std::io::{self, Write as _};

use clap::Args;
use serde_json::json;

use super::answer::Answer;
use crate::config::Settings;
use crate::database::Database;
use crate::model::{Clock, Faults, NodeId, Random, error_chain};
use crate::notify::{Fcm, Mail, Webhook};
use crate::storage::{Spool, Store};

/// Tries the database, the store, the spool, mail, phones and the webhook's settings, and says what
/// is wrong
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media doctor --config /etc/forte-media.toml --json")]
pub struct Doctor {
    /// One JSON object a check
    #[arg(long)]
    pub json: bool,
}

impl Doctor {
    /// Tries everything; the answer is "no" when a check found something.
    ///
    /// # Errors
    /// When the findings cannot be written.
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        examine(&settings, self.json).await
    }
}

/// One thing that was tried: its name, and what was wrong.
type Check = (String, Result<(), String>);

/// Tries every dependency and writes a line for each.
pub(super) async fn examine(settings: &Settings, as_json: bool) -> anyhow::Result<Answer> {
    let mut checks = vec![secret(settings), database(settings).await, webhook(settings)];
    checks.extend([mail(settings).await, push(settings).await]);
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
    ("auth.secret is set".to_owned(), set.ok_or_else(|| "`serve` needs one".to_owned()))
}

async fn database(settings: &Settings) -> Check {
    let tried = async { Database::open(&settings.database).await?.probe().await };
    ("the database answers".to_owned(), tried.await.map_err(|error| error_chain(&error)))
}

fn webhook(settings: &Settings) -> Check {
    let made = Webhook::from_config(&settings.notify, Clock::system());
    ("the webhook's settings fit".to_owned(), made.map(|_| ()).map_err(|error| error_chain(&error)))
}

/// Connects to the mail server and signs in, or writes into the folder that stands for it.
async fn mail(settings: &Settings) -> Check {
    let tried =
        async { Mail::from_config(&settings.mail, Clock::system())?.check_connection().await };
    let name = match &settings.mail.host {
        Some(_) => "the mail server answers",
        None => "letters can be written to mail.folder (mail.host is not set)",
    };
    (name.to_owned(), tried.await.map_err(|error| error_chain(&error)))
}

/// Gets an access token with the service account.
async fn push(settings: &Settings) -> Check {
    let (name, result) = match Fcm::from_config(&settings.notify, Clock::system()) {
        Ok(None) => ("phones are not told (notify.fcm is not set)", Ok(())),
        Ok(Some(fcm)) => (
            "the service account of FCM is taken",
            fcm.check_connection().await.map_err(|error| error_chain(&error)),
        ),
        Err(error) => ("the settings of FCM fit", Err(error_chain(&error))),
    };
    (name.to_owned(), result)
}

/// Really puts, puts conditionally, reads ranges and opens a viewing link.
async fn store(settings: &Settings) -> Vec<Check> {
    let (clock, random) = (Clock::system(), Random::system());
    let key = random.bytes::<32>();
    let opened = async {
        let store = Store::open(&settings.storage, &key, Faults::none()).await?;
        match Spool::open(&settings.upload.spool, NodeId::mint(&clock, &random), Faults::none()) {
            Ok(spool) => store.check_spool(&spool)?,
            // A service that is running has it; then it has been tried.
            Err(crate::storage::StorageError::SpoolLocked(_)) => {}
            Err(error) => return Err(error),
        }
        store
            .self_test(&reqwest::Client::builder().build().unwrap_or_default(), &clock, &random)
            .await
    };
    match opened.await {
        Ok(steps) => steps.into_iter().map(step).collect(),
        Err(error) => vec![("the store opens".to_owned(), Err(error_chain(&error)))],
    }
}

fn step(step: crate::storage::TestResult) -> Check {
    (format!("the store: {}", step.name), step.result.map_err(|error| error_chain(&*error)))
}
