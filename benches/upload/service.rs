//! The real program in its own process, with a prepared database.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::rows::{NewCompany, NewPerson, NewReport, NewVehicle, Rows};
use anyhow::Context as _;
use forte_media::auth::{TokenSubject, Tokens};
use forte_media::config::Settings;
use forte_media::database::Database;
use forte_media::model::{
    Clock, CompanyId, CompanyKind, Person, PersonId, Random, RefKey, ReportStatus, Role, TypeCode,
    VehicleGuid,
};
use jiff::SignedDuration;
use tempfile::TempDir;

/// The folder of all files: on a real disk, next to the build.
pub(crate) const DATA_FOLDER: &str = env!("CARGO_TARGET_TMPDIR");
const PROGRAM: &str = env!("CARGO_BIN_EXE_forte-media");
/// Signs the access token.
const SECRET: &str = "only-for-measuring-and-at-least-32-bytes-long";
/// The time limit for the start of the program.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// The service with a driver and reports that wait for videos.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    /// The access token of the driver.
    pub(crate) token: String,
    reports: Vec<RefKey>,
    child: Child,
    folder: TempDir,
}

impl Service {
    pub(crate) fn start(reports: usize) -> anyhow::Result<Self> {
        let folder = TempDir::new_in(DATA_FOLDER)?;
        let address = free_address()?;
        let variables = variables(&folder, address)?;
        let settings = Settings::load(None, variables.clone())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // One more per workload, for the warm-up.
        let reports = runtime.block_on(prepare_database(&settings, reports + 8))?;
        let log = fs::File::create(folder.path().join("log"))?;
        let child = Command::new(PROGRAM)
            .arg("serve")
            .envs(variables)
            .stdout(log.try_clone()?)
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()?;
        let service = Self { address, token: token(&settings)?, reports, child, folder };
        service.wait()?;
        Ok(service)
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// A report that waits for a video.
    pub(crate) fn report(&mut self) -> anyhow::Result<RefKey> {
        self.reports.pop().context("no report left")
    }

    /// Removes the stored videos, because the disk may be too small for all of them.
    pub(crate) fn remove_videos(&self) -> anyhow::Result<()> {
        for upload in fs::read_dir(self.folder.path().join("videos/videos"))? {
            fs::remove_dir_all(upload?.path())?;
        }
        Ok(())
    }

    fn wait(&self) -> anyhow::Result<()> {
        let until = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(self.address).is_err() {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            anyhow::ensure!(Instant::now() < until, "it does not start: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Its folder is removed as well, so no data can be lost.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn variables(folder: &TempDir, listen: SocketAddr) -> anyhow::Result<Vec<(String, String)>> {
    let within = |name: &str| folder.path().join(name).display().to_string();
    fs::create_dir_all(within("videos/videos"))?;
    let variables = [
        ("DATABASE__URL", format!("sqlite://{}", within("database.db"))),
        ("UPLOAD__SPOOL", within("spool")),
        ("STORAGE__URL", format!("file:{}", within("videos"))),
        ("AUTH__SECRET", SECRET.to_owned()),
        ("HTTP__LISTEN", listen.to_string()),
        ("OPS__LISTEN", "127.0.0.1:0".to_owned()),
    ];
    Ok(variables.map(|(name, value)| (format!("FORTE_MEDIA__{name}"), value)).into())
}

fn driver() -> Person {
    Person { id: PersonId(1), company: CompanyId(1), role: Role::Employee }
}

fn token(settings: &Settings) -> anyhow::Result<String> {
    let (clock, random) = (Clock::system(), Random::system());
    let secret = settings.auth.secret.as_ref().context("no secret")?;
    let subject = TokenSubject {
        person: driver(),
        biin: "080540013184".to_owned(),
        uuid: "bench".to_owned(),
        session: "bench".to_owned(),
    };
    let tokens = Tokens::new(&settings.auth, secret, clock, random);
    Ok(tokens.mint_access(&subject, SignedDuration::from_hours(24))?)
}

async fn prepare_database(settings: &Settings, reports: usize) -> anyhow::Result<Vec<RefKey>> {
    let database = Database::open(&settings.database).await?;
    database.migrate().await?;
    let company = NewCompany {
        id: driver().company,
        key: None,
        kind: CompanyKind::Company,
        biin: "080540013184".to_owned(),
        name: "Company".to_owned(),
        email: "company@example.test".to_owned(),
    };
    database.add_company(&company).await?;
    let person = NewPerson {
        person: driver(),
        key: None,
        mobile: "+77010000000".to_owned(),
        first_name: "Айбек".to_owned(),
        last_name: "Сапаров".to_owned(),
        email: String::new(),
    };
    database.add_person(&person).await?;
    let mut keys = Vec::new();
    for _ in 0..reports {
        keys.push(add_report(&database).await?);
    }
    database.close().await;
    Ok(keys)
}

async fn add_report(database: &Database) -> anyhow::Result<RefKey> {
    let (clock, random) = (Clock::system(), Random::system());
    let ref_key = RefKey::mint(&clock, &random);
    let vehicle = NewVehicle {
        guid: VehicleGuid::mint(&clock, &random),
        company: driver().company,
        plate_number: "123ABC02".to_owned(),
        vin_code: "JTMHU01J504012345".to_owned(),
        type_code: TypeCode::mint(&clock, &random),
    };
    database.add_vehicle(&vehicle).await?;
    let report = NewReport {
        ref_key,
        company: driver().company,
        vehicle: vehicle.guid,
        report_number: "0001".to_owned(),
        contract_number: "0002".to_owned(),
        starts_at: Some(clock.now()),
        finishes_at: Some(clock.now() + SignedDuration::from_hours(240)),
        due_at: clock.now() + SignedDuration::from_hours(240),
        status: ReportStatus::AwaitingVideo,
    };
    database.add_reports(std::slice::from_ref(&report)).await?;
    Ok(ref_key)
}
