//! `demo`: a service with demo data that shows one upload from the phone to the report service.

mod authority;
mod certificate_page;
mod file;
mod keys;
mod receiver;
mod scenario;
mod seed;
mod server;
mod settings;
mod users;
mod videos_for_review;

use std::fs::DirBuilder;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::app::{App, Bound, Environment, public_url};
use crate::cli::answer::{Answer, print_message};
use crate::cli::terminal_qr::terminal_qr;
use crate::config::Settings;
use crate::http::local_url;
use crate::shutdown::Shutdown;

use authority::address_in_network;
use file::{DemoFile, Webhook};
use keys::Keys;
use receiver::Receiver;
use scenario::Scenario;
use seed::{DemoReport, Seeder, next_open};
use server::Server;
use settings::{MAIL, demo_settings, reachable};
use users::{DIRECTOR, DRIVER, STRANGER, open_accounts, sign_in};
use videos_for_review::VideosForReview;

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
    /// Reports to add that have a video and wait for a reviewer
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1_000))]
    pub waiting: u32,
    /// Serve over https, so that phones in the same network can film. The demo creates a certificate authority
    /// and a page from which phones install it. Listens on port 8443 of all interfaces, unless --listen or
    /// http.listen is set
    #[arg(long)]
    pub tls: bool,
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
    https: Option<Https>,
}

/// The additions of `--tls`.
struct Https {
    /// The address at which phones reach the demo.
    ip: IpAddr,
    /// The authority's certificate to install, in PEM.
    authority: String,
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
        let address = prepared.address(&bound)?;
        let app = Box::pin(prepared.build_app(&shutdown, address)).await?;
        let seeder = Seeder::new(&app, &prepared.keys, prepared.environment.clock.now())?;
        let extra = usize::try_from(self.reports + self.waiting)?;
        let reports = seeder.seed(extra, DIRECTOR.biin).await;
        let reports = reports.context("cannot add the demo data")?;
        let scenario = prepared.write_file(&app, &bound, &reports).await?;
        let videos = VideosForReview {
            server: scenario.server.clone(),
            driver: scenario.driver.clone(),
            reports: seeder.without_video(
                &reports,
                usize::try_from(self.waiting)?,
                scenario.ref_key,
            ),
            now: prepared.environment.clock.now(),
            zone: prepared.settings.leasing.time_zone.clone(),
        };
        let (count, file) = (reports.len(), prepared.folder.join(file::NAME));
        print_message(&format!("Serving {count} demo reports on {}.", prepared.base(address)));
        print_message(&format!("Accounts, tokens and reports are in {}.", file.display()));
        print_message(&prepared.pages(address));
        prepared.show_certificate(address, &shutdown).await?;
        let running = self.run_scenario(scenario, videos, &prepared.receiver, &shutdown);
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
        let listen = (self.listen, self.tls);
        let mut settings = demo_settings(settings, listen, &folder, &keys, &receiver.url)?;
        let mut https = None;
        if self.tls {
            let ip = address_in_network(settings.http.listen.ip());
            let certificates = authority::issue(&folder, ip, environment.clock.now())?;
            settings.http.tls.cert_file = Some(certificates.cert_file);
            settings.http.tls.key_file = Some(certificates.key_file);
            https = Some(Https { ip, authority: certificates.authority });
        }
        Ok(Prepared { folder, keys, environment, receiver, settings, https })
    }

    /// Runs the scenario. Afterwards the service goes on, unless a step failed or `--once` is given.
    async fn run_scenario(
        &self,
        scenario: Scenario,
        videos: VideosForReview,
        receiver: &Receiver,
        shutdown: &Shutdown,
    ) -> Answer {
        let console = scenario.server.url.origin().ascii_serialization();
        let run = async {
            scenario.run(receiver.subscribe()).await?;
            videos.send().await.context("cannot send the videos that wait for a reviewer")
        };
        let (message, answer) = match shutdown.soft().run_until_cancelled(run).await {
            Some(Ok(0)) => ("Everything worked.".to_owned(), Answer::Done),
            Some(Ok(sent)) => (
                format!(
                    "Everything worked. {sent} more videos wait for review at {console}/review."
                ),
                Answer::Done,
            ),
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

    /// The address at which clients reach the public listener.
    fn address(&self, bound: &Bound) -> anyhow::Result<SocketAddr> {
        let address = bound.public_address()?;
        let with = |https: &Https| SocketAddr::new(https.ip, address.port());
        Ok(self.https.as_ref().map_or_else(|| reachable(address), with))
    }

    fn base(&self, address: SocketAddr) -> String {
        let local = || local_url(address, self.settings.http.tls.is_on());
        public_url(&self.settings).unwrap_or_else(local)
    }

    /// With `--tls`, prints two QR codes for phones: the page with the certificate, and the driver's page.
    async fn show_certificate(
        &self,
        address: SocketAddr,
        shutdown: &Shutdown,
    ) -> anyhow::Result<()> {
        let Some(Https { ip, authority }) = &self.https else { return Ok(()) };
        let base = self.base(address);
        let (listen, text) = (self.settings.http.listen.ip(), (base.as_str(), authority.clone()));
        let page = certificate_page::start(listen, *ip, text, shutdown).await?;
        let driver = format!("{base}/drive");
        for (step, url) in [("First, on each phone: its certificate", page), ("Then film", driver)]
        {
            print_message(&format!("{step}: {url}\n{}", terminal_qr(&url)?));
        }
        Ok(())
    }

    /// The page of each role, and its credentials.
    fn pages(&self, address: SocketAddr) -> String {
        let base = self.base(address);
        let (Keys { reviewer, exchange, .. }, mail) = (&self.keys, self.folder.join(MAIL));
        format!(
            "Pages: {base}/\n  \
             reviewer   {base}/review   login {}, password {}\n  \
             driver     {base}/drive    BIN {}; the code is in a mail in {}\n  \
             1C         {base}/docs     login {}, password {}",
            reviewer.login,
            reviewer.password,
            DRIVER.biin,
            mail.display(),
            exchange.login,
            exchange.password,
        )
    }

    /// Signs everybody in and writes `demo.json`. Returns the scenario to run.
    async fn write_file(
        &self,
        app: &App,
        bound: &Bound,
        reports: &[DemoReport],
    ) -> anyhow::Result<Scenario> {
        let address = self.address(bound)?;
        let ops = reachable(bound.ops_address()?);
        let file = DemoFile {
            base_url: &self.base(address),
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
        let authority = self.https.as_ref().map(|https| https.authority.as_str());
        Ok(Scenario {
            server: Server::new(address, authority)?,
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
