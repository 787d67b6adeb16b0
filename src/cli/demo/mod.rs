//! `demo`: a service with demo data that shows one upload from the phone to the report service.

mod file;
mod keys;
mod receiver;
mod scenario;
mod seed;
mod settings;
mod users;

use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::app::{App, Bound, Environment, public_url};
use crate::cli::answer::{Answer, print_message};
use crate::config::Settings;
use crate::http::local_url;
use crate::shutdown::Shutdown;

use file::{DemoFile, Webhook};
use keys::Keys;
use receiver::Receiver;
use scenario::Scenario;
use seed::{DemoReport, Seeder, next_open};
use settings::{MAIL, demo_settings, reachable};
use users::{DIRECTOR, DRIVER, STRANGER, open_accounts, sign_in};

/// Runs the service with demo data, and uploads a sample video that is interrupted and resumed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media demo --once\n  \
                        forte-media demo --listen 127.0.0.1:0 --data /tmp/demo --reports 1000")]
pub struct Demo {
    /// Address to listen on, instead of http.listen. Port 0 takes a free port; DIR/demo.json names it
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Folder for all data. A folder of an earlier demo is used again, with its reports and uploads
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    pub data: PathBuf,
    /// Open reports to add, for load tests
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub reports: u32,
    /// Exit after the sample upload
    #[arg(long)]
    pub once: bool,
}

/// Everything that a run prepares before it starts the service.
struct Prepared {
    /// Absolute: `demo.json` names it.
    folder: PathBuf,
    keys: Keys,
    environment: Environment,
    receiver: Receiver,
    settings: Settings,
}

impl Demo {
    /// # Errors
    /// When the service cannot be started. A failed step of the scenario is the answer "no".
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        if settings.auth.secret.is_some() {
            bail!(
                "auth.secret is set, as for a real service; the demo generates its own: unset it, or omit --config"
            );
        }
        let shutdown = Shutdown::new();
        shutdown.listen().context("cannot listen for signals")?;
        let prepared = self.prepare(settings, &shutdown).await?;
        let bound = Bound::bind(&prepared.settings).await?;
        let address = reachable(bound.public_address()?);
        let app = Box::pin(prepared.build_app(&shutdown, address)).await?;
        let seeder = Seeder::new(&app, &prepared.keys, prepared.environment.clock.now())?;
        let reports = seeder.seed(usize::try_from(self.reports)?, DIRECTOR.biin).await;
        let reports = reports.context("cannot add the demo data")?;
        let scenario = prepared.write_file(&app, &bound, &reports).await?;
        let (count, file) = (reports.len(), prepared.folder.join(file::NAME));
        print_message(&format!("Serving {count} demo reports on http://{address}."));
        print_message(&format!("Accounts, tokens and reports are in {}.", file.display()));
        let running = self.run_scenario(scenario, &prepared.receiver, &shutdown);
        let (served, answer) = tokio::join!(app.run(bound, &shutdown), running);
        served.map(|()| answer)
    }

    async fn prepare(&self, settings: Settings, shutdown: &Shutdown) -> anyhow::Result<Prepared> {
        let environment = Environment::real();
        let folder = create(&self.data).with_context(|| self.data.display().to_string())?;
        let keys = Keys::load_or_create(&folder, &environment.random)?;
        let secret = &keys.webhook_secret;
        let receiver =
            Receiver::start(&folder, secret, environment.clock.clone(), shutdown).await?;
        let settings = demo_settings(settings, self.listen, &folder, &keys, &receiver.url)?;
        Ok(Prepared { folder, keys, environment, receiver, settings })
    }

    /// Runs the scenario. Afterwards the service goes on, unless a step failed or `--once` is given.
    async fn run_scenario(
        &self,
        scenario: Scenario,
        receiver: &Receiver,
        shutdown: &Shutdown,
    ) -> Answer {
        let run = scenario.run(receiver.subscribe());
        let (message, answer) = match shutdown.soft().run_until_cancelled(run).await {
            Some(Ok(())) => ("Everything worked.".to_owned(), Answer::Done),
            Some(Err(error)) => (format!("FAILED: {error:#}"), Answer::No),
            None => ("Interrupted before every step was done.".to_owned(), Answer::No),
        };
        print_message(&message);
        if self.once || answer == Answer::No {
            shutdown.soft().cancel();
        } else {
            print_message("The service keeps running until Ctrl-C.");
        }
        answer
    }
}

impl Prepared {
    async fn build_app(&self, shutdown: &Shutdown, address: SocketAddr) -> anyhow::Result<App> {
        let (settings, environment) = (self.settings.clone(), self.environment.clone());
        Box::pin(App::build(settings, environment, shutdown.tasks().clone(), address)).await
    }

    /// Signs everybody in and writes `demo.json`. Returns the scenario to run.
    async fn write_file(
        &self,
        app: &App,
        bound: &Bound,
        reports: &[DemoReport],
    ) -> anyhow::Result<Scenario> {
        let address = reachable(bound.public_address()?);
        let ops = reachable(bound.ops_address()?);
        let file = DemoFile {
            base_url: &public_url(&self.settings).unwrap_or_else(|| local_url(address)),
            users: [
                sign_in(app, &DIRECTOR).await?,
                sign_in(app, &DRIVER).await?,
                sign_in(app, &STRANGER).await?,
            ],
            reviewer: open_accounts(app, &self.keys).await.context("cannot add the accounts")?,
            exchange: &self.keys.exchange,
            reports: reports.iter().map(Into::into).collect(),
            mail_dir: &self.folder.join(MAIL),
            data_dir: &self.folder,
            webhook: Webhook {
                url: &self.receiver.url,
                secret: &self.keys.webhook_secret,
                log: &self.receiver.log,
            },
            metrics_url: format!("http://{ops}/metrics"),
        };
        file.write()?;
        let now =
            self.environment.clock.now().to_zoned_datetime(self.settings.leasing.time_zone.clone());
        let [_, driver, _] = file.users;
        Ok(Scenario {
            address,
            driver: driver.access_token,
            reviewer: file.reviewer.access_token,
            ref_key: next_open(reports, DIRECTOR.biin).context("no report waits for a video")?,
            time_sent: now.strftime("%F %T").to_string(),
        })
    }
}

/// Creates the folder and its mail folder; returns its absolute path.
fn create(folder: &Path) -> std::io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder.join(MAIL))?;
    folder.canonicalize()
}
