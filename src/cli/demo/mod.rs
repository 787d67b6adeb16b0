//! `demo`: a furnished house that shows one upload from the phone to the report service.

mod board;
mod cast;
mod doors;
mod fleet;
mod furnish;
mod keys;
mod phone;
mod receiver;
mod settle;
mod show;
mod today;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::Answer;
use crate::app::{App, Bound, World, public_url};
use crate::config::Settings;
use crate::shutdown::Shutdown;

use board::{Board, Desk, Hook};
use furnish::{Standing, furnish, next_open};
use keys::Keys;
use phone::Phone;
use receiver::Receiver;
use show::Show;
use today::Today;

/// Furnishes a house, uploads a sample clip with a cut and a resume, and keeps serving
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  forte-media demo --once\n  \
                        forte-media demo --listen 127.0.0.1:0 --data /tmp/house --reports 1000")]
pub struct Demo {
    /// Address to serve on instead of http.listen; port 0 takes a free one, written to DIR/demo.json
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Folder of everything; a furnished one is used as it is
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    pub data: PathBuf,
    /// Open reports to add, so that load can be tried
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub reports: u32,
    /// Ends after the show instead of serving on
    #[arg(long)]
    pub once: bool,
}

/// What a run is made of, beside the service itself.
struct House {
    /// The data folder, whole from the root.
    folder: PathBuf,
    keys: Keys,
    world: World,
    receiver: Receiver,
    settings: Settings,
}

impl Demo {
    /// Furnishes, shows, serves.
    ///
    /// # Errors
    /// When the house cannot be furnished. A show that fails is told, and the answer is "no".
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        if settings.auth.secret.is_some() {
            bail!(
                "auth.secret is set: these look like the settings of a real service, not a demo's"
            );
        }
        let shutdown = Shutdown::new();
        shutdown.listen().context("signals cannot be listened for")?;
        let house = self.house(settings, &shutdown).await?;
        let bound = Bound::bind(&house.settings).await?;
        let address = settle::reachable(bound.public_address()?);
        let app = house.app(&shutdown, address).await?;
        let reports = house.reports(&app, self.reports).await?;
        doors::open(&app.accounts, &house.keys).await.context("the accounts")?;
        let show = house.put_up_board(&app, &bound, &reports).await?;
        let (count, board) = (reports.len(), house.folder.join(board::FILE));
        eprintln!("A house with {count} reports serves on http://{address};");
        eprintln!("{} says who lives in it.", board.display());
        let showing = self.show(show, &house.receiver, &shutdown);
        let (served, answer) = tokio::join!(app.run(bound, &shutdown), showing);
        served.map(|()| answer)
    }

    async fn house(&self, settings: Settings, shutdown: &Shutdown) -> anyhow::Result<House> {
        let world = World::real();
        let folder = make(&self.data).with_context(|| self.data.display().to_string())?;
        let keys = Keys::of_folder(&folder, &world.random)?;
        let secret = &keys.webhook_secret;
        let receiver = Receiver::start(&folder, secret, world.clock.clone(), shutdown).await?;
        let settings = settle::settle(settings, self.listen, &folder, &keys, &receiver.url)?;
        Ok(House { folder, keys, world, receiver, settings })
    }

    /// Shows, then lets the service go on; after a failure or with `--once` it ends.
    async fn show(&self, show: Show, receiver: &Receiver, shutdown: &Shutdown) -> Answer {
        let shown = shutdown.soft().run_until_cancelled(show.run(receiver.deliveries())).await;
        let (words, answer) = match shown {
            Some(Ok(())) => ("Everything worked.".to_owned(), Answer::Done),
            Some(Err(error)) => (format!("FAILED: {error:#}"), Answer::No),
            None => ("Ended before everything was shown.".to_owned(), Answer::No),
        };
        eprintln!("{words}");
        if self.once || answer == Answer::No {
            shutdown.soft().cancel();
        } else {
            eprintln!("It goes on serving until Ctrl-C.");
        }
        answer
    }
}

impl House {
    async fn app(&self, shutdown: &Shutdown, address: SocketAddr) -> anyhow::Result<App> {
        let (settings, world) = (self.settings.clone(), self.world.clone());
        App::build(settings, world, shutdown.tasks().clone(), address).await
    }

    async fn reports(&self, app: &App, more: u32) -> anyhow::Result<Vec<Standing>> {
        let today = Today::new(self.world.clock.now(), &self.settings.leasing.time_zone);
        let more = usize::try_from(more)?;
        furnish(&app.database, &self.keys, more, &today).await.context("the furniture")
    }

    /// Says in `demo.json` where everything is, and returns what is to be shown.
    async fn put_up_board(
        &self,
        app: &App,
        bound: &Bound,
        reports: &[Standing],
    ) -> anyhow::Result<Show> {
        let address = settle::reachable(bound.public_address()?);
        let ops = settle::reachable(bound.ops_address()?);
        let now = self.world.clock.now().to_zoned_datetime(self.settings.leasing.time_zone.clone());
        let desk = Desk(&app.leasing);
        let board = Board {
            base_url: &public_url(&self.settings, address),
            users: desk.users().await?,
            reviewer: desk.reviewer(&self.keys).await?,
            exchange: &self.keys.exchange,
            reports: reports.iter().map(Into::into).collect(),
            mail_dir: &self.folder.join(settle::MAIL),
            data_dir: &self.folder,
            webhook: Hook::new(&self.receiver, &self.keys),
            metrics_url: format!("http://{ops}/metrics"),
        };
        board.put_up()?;
        let [_, driver, _] = board.users;
        Ok(Show {
            phone: Phone { client: show::client()?, address, token: driver.access_token },
            reviewer: board.reviewer.access_token,
            ref_key: next_open(reports).context("no report waits for a video")?,
            time_sent: now.strftime("%F %T").to_string(),
        })
    }
}

/// The folder and what is in it, by its path from the root: it goes to others.
fn make(folder: &Path) -> std::io::Result<PathBuf> {
    fs::create_dir_all(folder.join(settle::MAIL))?;
    folder.canonicalize()
}
