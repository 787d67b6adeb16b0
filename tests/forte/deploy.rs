//! The files of the deployment: docker-compose.yml, `deploy/`, and the samples of settings.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use forte_media::config::Settings;
use tempfile::TempDir;

use crate::harness::external;
use crate::harness::s3::{ACCESS_KEY, Bucket, SECRET_KEY};
use crate::storage::{StorageEnv, browser};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(repository().join(name)).unwrap()
}

fn new_env(folder: &Path) -> Output {
    Command::new(repository().join("deploy/new-env")).arg(folder).output().unwrap()
}

/// Files whose values people copy.
const SAMPLES: [&str; 6] = [
    ".env.example",
    "docker-compose.yml",
    "README.md",
    "config/default.toml",
    "samples/README.md",
    "deploy/new-env",
];

/// The values of secrets in a file, as `NAME=value`, `NAME: value` or `name = "value"`.
fn secrets_in(text: &str) -> Vec<String> {
    let value = |line: &str| {
        let (name, value) = line.split_once(['=', ':'])?;
        // Also in a comment, but not in a sentence.
        let name = name.trim_start_matches("# ").trim().trim_start_matches("export ");
        let name = name.to_lowercase();
        let is_secret =
            !name.contains(' ') && (name.ends_with("secret") || name.ends_with("password"));
        // Of `NAME=value command`, the value only.
        let value = value.split_whitespace().next().unwrap_or_default();
        let value = value.trim_matches('"').to_owned();
        (is_secret && !value.is_empty() && !value.starts_with(['$', '{', '/'])).then_some(value)
    };
    text.lines().filter_map(value).collect()
}

fn load(key: &str, value: &str) -> Result<Settings, forte_media::config::Error> {
    Settings::load(None, [(format!("FORTE_MEDIA__{key}"), value.to_owned())])
}

#[test]
fn every_sample_secret_is_refused() {
    let mut samples: Vec<_> = SAMPLES.iter().flat_map(|name| secrets_in(&read(name))).collect();
    // Those of earlier versions of the repository.
    samples.extend(["change-me-change-me-change-me-change-me".to_owned(), "change-me".to_owned()]);
    for sample in &samples {
        let error = load("AUTH__SECRET", sample).expect_err(sample).to_string();
        assert!(error.contains("`auth.secret` from environment"), "{error}");
        assert!(!error.contains(sample), "{error}");
    }
    for (key, value) in [
        ("DATABASE__URL", "postgres://forte_media:change-me@postgres/forte_media"),
        ("MAIL__PASSWORD", "Change_Me_123"),
        ("AUTH__SECRET", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ] {
        load(key, value).expect_err(key);
    }
}

#[test]
fn the_example_of_the_environment_has_names_only() {
    for line in read(".env.example").lines().filter(|line| !line.starts_with('#')) {
        assert!(line.is_empty() || line.ends_with('='), "{line}");
    }
}

#[test]
fn new_env_writes_private_random_values_that_the_service_accepts() {
    let folder = TempDir::new().unwrap();
    let output = new_env(folder.path());
    assert!(output.status.success(), "{output:?}");
    let mode =
        |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(".env"), mode("secrets")), (0o600, 0o700));
    let file = |name: &str| folder.path().join("secrets").join(name).display().to_string();
    let variables = [("AUTH__SECRET_FILE", "auth_secret"), ("DATABASE__URL_FILE", "database_url")];
    let variables = variables.map(|(key, name)| (format!("FORTE_MEDIA__{key}"), file(name)));
    Settings::load(None, variables).unwrap();
    let first = fs::read(file("auth_secret")).unwrap();
    assert!(!new_env(folder.path()).status.success(), "existing files are not replaced");
    assert_eq!(fs::read(file("auth_secret")).unwrap(), first);
}

/// The lines of a block of docker-compose.yml that begins with this line.
fn block<'a>(text: &'a str, begin: &str) -> Vec<&'a str> {
    let lines = text.lines().skip_while(move |line| *line != begin).skip(1);
    lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#'])).collect()
}

#[test]
fn every_compose_dependency_is_named_by_a_setting() {
    let text = read("docker-compose.yml");
    let media = block(&text, "x-media: &media").join("\n");
    let services = block(&text, "services:");
    let names = services.iter().filter_map(|line| {
        let name = line.strip_prefix("  ")?.strip_suffix(':')?;
        (!name.starts_with([' ', '#'])).then_some(name)
    });
    // The service itself, its proxy, and a step of the installation.
    let others: Vec<_> =
        names.filter(|name| !["media-1", "media-2", "nginx", "bucket"].contains(name)).collect();
    assert_eq!(others, ["postgres", "minio", "mailpit"]);
    let settings: Vec<_> = media.lines().filter(|line| line.contains("FORTE_MEDIA__")).collect();
    for name in others {
        // The URL of the database is in a secret, which deploy/new-env writes.
        let in_secret = read("deploy/new-env").contains(&format!("@{name}/"));
        let in_setting = settings.iter().any(|line| {
            line.split_once(": ").is_some_and(|(_, value)| {
                value.split(['/', ':', '@']).any(|part| part.trim_matches('"') == name)
            })
        });
        assert!(in_secret || in_setting, "no setting names the service {name}");
    }
}

/// The users that docker-compose.yml creates, in the store of these tests; `None` if `mc` or MinIO is missing.
async fn store_with_its_users(folder: &TempDir) -> Option<StorageEnv> {
    let client = external::env_var_or_skip("FORTE_TEST_MC", "the users of the store")?;
    let bucket = Bucket::fresh().await;
    if !bucket.is_real("only MinIO has users") {
        return None;
    }
    assert!(new_env(folder.path()).status.success());
    let secret = |name: &str| folder.path().join("secrets").join(name);
    for (name, value) in [("store_root_user", ACCESS_KEY), ("store_root_password", SECRET_KEY)] {
        fs::remove_file(secret(name)).unwrap();
        fs::write(secret(name), format!("{value}\n")).unwrap();
    }
    let clients = PathBuf::from(client).parent().unwrap().display().to_string();
    let path = external::env_var("PATH").unwrap_or_default();
    // Twice, as after a restart.
    for _ in 0..2 {
        let output = Command::new(repository().join("deploy/create-bucket"))
            .env("PATH", format!("{clients}:{path}"))
            .env("STORE_ENDPOINT", &bucket.endpoint)
            .env("SECRETS", folder.path().join("secrets"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let mut config = bucket.config();
    "s3://videos/forte-media".clone_into(&mut config.url);
    config.s3.credentials_file = Some(secret("store_credentials"));
    config.s3.link_credentials_file = Some(secret("link_credentials"));
    Some(StorageEnv::new(config, Some(bucket), TempDir::new().unwrap()).await)
}

#[tokio::test]
async fn store_users_have_enough_rights_and_link_keys_can_only_read() {
    let folder = TempDir::new().unwrap();
    let Some(env) = store_with_its_users(&folder).await else { return };
    env.store.probe().await.unwrap();
    let results = env.store.self_test(&browser(), &env.clock, &env.random).await.unwrap();
    assert!(results.iter().any(|test| test.name == "refuse a forged write"));
    for test in results {
        test.result.unwrap_or_else(|error| panic!("{}: {error}", test.name));
    }
}
