//! Settings: their layers, what is refused, what is shown.

use std::fs;
use std::path::PathBuf;

use forte_media::config::{DEFAULTS, Error, LogFormat, Origin, Settings};
use forte_media::upload::Segments;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use tempfile::TempDir;

const STRONG: &str = "canary-0123456789-0123456789-0123456789";

/// Loads the defaults with `file` and these variables (without their prefix) over them.
fn load(file: &str, variables: &[(&str, &str)]) -> Result<Settings, Error> {
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "settings.toml", file);
    Settings::load(Some(&path), environment(variables))
}

fn with_environment(variables: &[(&str, &str)]) -> Result<Settings, Error> {
    Settings::load(None, environment(variables))
}

fn environment(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    let named = |(name, value): &(&str, &str)| (format!("FORTE_MEDIA__{name}"), (*value).into());
    variables.iter().map(named).collect()
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn refusal(result: Result<Settings, Error>) -> String {
    result.expect_err("these settings must be refused").to_string()
}

fn origin(settings: &Settings, key: &str) -> Origin {
    settings.explain().iter().find(|setting| setting.key == key).unwrap().origin.clone()
}

fn shown(settings: &Settings, key: &str) -> String {
    settings.explain().iter().find(|setting| setting.key == key).unwrap().shown.clone()
}

#[test]
fn the_defaults_have_every_setting() {
    let settings = with_environment(&[]).unwrap();
    assert_eq!(settings.upload.max_length.get(), 67_108_864);
    assert_eq!(settings.upload.segments, Segments::Auto);
    assert_eq!(settings.auth.refresh_ttl, SignedDuration::from_hours(24 * 30));
    assert!(settings.auth.secret.is_none());
    assert!(settings.notify.webhook.url.is_none());
}

#[test]
fn the_effective_defaults_are_as_published() {
    let settings = with_environment(&[]).unwrap();
    let lines: Vec<String> = settings
        .explain()
        .iter()
        .map(|setting| format!("{} = {} ({})", setting.key, setting.shown, setting.origin))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_default_has_a_comment_above_it() {
    let mut above = "";
    for line in DEFAULTS.lines() {
        let is_setting = line.contains('=') && !line.starts_with('#');
        assert!(!is_setting || above.starts_with('#'), "no comment above `{line}`");
        above = line;
    }
}

#[test]
fn a_film_link_is_valid_for_at_most_thirty_days() {
    let of = |period| with_environment(&[("LEASING__FILM_LINK_FOR", period)]);
    let settings = of("720h").unwrap();
    assert_eq!(settings.leasing.film_link_for.get(), jiff::SignedDuration::from_hours(720));
    for period in ["721h", "59m"] {
        let error = of(period).err().unwrap().to_string();
        assert!(error.contains("must be between 1h and 720h"), "{error}");
    }
}

#[test]
fn each_layer_overrides_the_one_before() {
    let file = "[upload]\nsweep_batch = 7\nscan_cache_limit = 8\n[log]\nformat = \"json\"";
    let settings = load(file, &[("UPLOAD__SCAN_CACHE_LIMIT", "9")]).unwrap();
    assert_eq!(settings.upload.sweep_batch, 7);
    assert_eq!(settings.upload.scan_cache_limit, 9);
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(origin(&settings, "upload.max_length"), Origin::Default);
    assert!(matches!(origin(&settings, "upload.sweep_batch"), Origin::File(_)));
    let variable = "FORTE_MEDIA__UPLOAD__SCAN_CACHE_LIMIT".to_owned();
    assert_eq!(origin(&settings, "upload.scan_cache_limit"), Origin::Environment(variable));
}

#[test]
fn a_variable_sets_a_key_with_underscores_two_levels_down() {
    let settings =
        with_environment(&[("STORAGE__S3__PUBLIC_ENDPOINT", "https://s3.example")]).unwrap();
    assert_eq!(shown(&settings, "storage.s3.public_endpoint"), "https://s3.example");
}

#[test]
fn a_list_in_a_variable_is_written_with_commas() {
    let networks = ("NOTIFY__ALLOW_NETWORKS", "10.1.0.0/16, 127.0.0.0/8");
    let settings = with_environment(&[networks]).unwrap();
    assert_eq!(settings.notify.allow_networks.len(), 2);
}

#[test]
fn unrelated_variables_are_ignored() {
    let others = [("FORTE_MEDIA_PORT", "tcp://10.0.0.1:80"), ("PATH", "/bin")];
    let others = others.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert!(Settings::load(None, others).is_ok());
}

#[test]
fn an_unknown_key_in_a_file_is_reported_with_the_nearest_known_key() {
    let message = refusal(load("[upload]\nmax_lenght = 1", &[]));
    assert!(message.contains("unknown setting `upload.max_lenght` in file "), "{message}");
    assert!(message.contains("settings.toml"), "{message}");
    assert!(message.ends_with("nearest known one is `upload.max_length`"), "{message}");
}

#[test]
fn an_unknown_variable_is_reported_with_the_nearest_known_key() {
    let message = refusal(with_environment(&[("AUTH__ACESS_TTL", "5m")]));
    assert!(message.contains("in environment FORTE_MEDIA__AUTH__ACESS_TTL"), "{message}");
    assert!(message.ends_with("`auth.access_ttl`"), "{message}");
}

#[test]
fn a_key_without_its_section_is_recognised_by_its_last_word() {
    assert!(refusal(load("max_length = 1", &[])).ends_with("`upload.max_length`"));
    assert!(refusal(load("[http]\nlink_ttl = \"1m\"", &[])).ends_with("`playback.link_ttl`"));
}

#[test]
fn a_wrong_type_is_reported_with_key_and_origin() {
    let message = refusal(with_environment(&[("UPLOAD__MAX_LENGTH", "64 MB")]));
    assert_eq!(
        message,
        "setting `upload.max_length` from environment FORTE_MEDIA__UPLOAD__MAX_LENGTH is \
         invalid: string \"64 MB\", expected an integer"
    );
}

#[test]
fn every_invalid_value_is_reported_with_its_key_and_file() {
    for (key, line) in [
        ("upload.idle_timeout", "[upload]\nidle_timeout = 60"),
        ("upload.segments", "[upload]\nsegments = \"perhaps\""),
        ("upload.sweep_batch", "[upload]\nsweep_batch = -1"),
        ("upload.spool", "[upload]\nspool = \"\""),
        ("upload.release_wait", "[upload]\nrelease_wait = \"0s\""),
        ("notify.allow_networks", "[notify]\nallow_networks = \"5s\""),
        ("ops.listen", "[ops]\nlisten = \"everywhere\""),
        ("leasing.time_zone", "[leasing]\ntime_zone = \"Asia/Atlantis\""),
        ("auth.secret", "[auth]\nsecret = [1]"),
    ] {
        let message = refusal(load(line, &[]));
        assert!(message.starts_with(&format!("setting `{key}` from file ")), "{message}");
    }
}

#[test]
fn a_required_setting_cannot_be_empty() {
    let message = refusal(with_environment(&[("DATABASE__URL", "")]));
    assert!(message.ends_with("is invalid: it needs a value"), "{message}");
}

#[test]
fn a_later_layer_can_empty_an_optional_setting() {
    let file = "[notify.webhook]\nurl = \"https://1c.example/hook\"";
    assert!(load(file, &[]).unwrap().notify.webhook.url.is_some());
    let settings = load(file, &[("NOTIFY__WEBHOOK__URL", "")]).unwrap();
    assert!(settings.notify.webhook.url.is_none());
}

#[test]
fn a_secret_can_come_from_its_own_file() {
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "signing", &format!("{STRONG}\n"));
    let settings = with_environment(&[("AUTH__SECRET_FILE", path.to_str().unwrap())]).unwrap();
    assert_eq!(settings.auth.secret.as_ref().unwrap().expose_secret(), STRONG);
    assert_eq!(
        origin(&settings, "auth.secret").to_string(),
        format!("file {}, named by environment FORTE_MEDIA__AUTH__SECRET_FILE", path.display())
    );
}

#[test]
fn every_secret_can_come_from_a_file() {
    let folder = TempDir::new().unwrap();
    let url = "postgres://forte:canary@db/forte";
    let database = write(&folder, "database", url);
    let webhook = write(&folder, "webhook", "whsec_Y2FuYXJ5");
    let settings = with_environment(&[
        ("DATABASE__URL_FILE", database.to_str().unwrap()),
        ("NOTIFY__WEBHOOK__SECRET_FILE", webhook.to_str().unwrap()),
    ]);
    let settings = settings.unwrap();
    assert_eq!(settings.database.url.expose_secret(), url);
    assert_eq!(settings.notify.webhook.secret.unwrap().expose_secret(), "whsec_Y2FuYXJ5");
}

/// As some editors write them.
#[test]
fn byte_order_marks_are_ignored_and_utf_16_is_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let secret = write(&folder, "secret", &format!("\u{feff}{STRONG}\r\n"));
    let file = format!("\u{feff}[auth]\nsecret_file = \"{}\"", secret.display());
    let settings = load(&file, &[]).unwrap();
    assert_eq!(settings.auth.secret.unwrap().expose_secret(), STRONG);

    let utf16: Vec<u8> = "\u{feff}abc".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(&secret, &utf16).unwrap();
    let variable = [("AUTH__SECRET_FILE", secret.to_str().unwrap())];
    let error = with_environment(&variable).unwrap_err();
    let chain = forte_media::model::error_chain(&error);
    assert!(chain.contains("`auth.secret`") && chain.contains("it is UTF-16"), "{chain}");
    let error = Settings::load(Some(&secret), []).unwrap_err();
    assert!(forte_media::model::error_chain(&error).contains("it is UTF-16"), "{error}");
}

#[test]
fn a_secret_overrides_the_file_of_an_earlier_layer() {
    let folder = TempDir::new().unwrap();
    let path = write(&folder, "signing", "another-0123456789-0123456789-0123456789");
    let file = format!("[auth]\nsecret_file = \"{}\"", path.display());
    let settings = load(&file, &[("AUTH__SECRET", STRONG)]).unwrap();
    assert_eq!(settings.auth.secret.unwrap().expose_secret(), STRONG);
}

#[test]
fn a_secret_given_twice_in_one_layer_is_refused() {
    let message = refusal(with_environment(&[
        ("AUTH__SECRET", STRONG),
        ("AUTH__SECRET_FILE", "/run/secrets/auth"),
    ]));
    assert!(
        message.starts_with("both `auth.secret` and `auth.secret_file` are set in environment"),
        "{message}"
    );
}

#[test]
fn a_missing_or_empty_secret_file_is_reported_with_its_path() {
    let folder = TempDir::new().unwrap();
    let empty = write(&folder, "empty", "\n");
    for path in [folder.path().join("absent"), empty] {
        let path = path.to_str().unwrap();
        let message = refusal(with_environment(&[("AUTH__SECRET_FILE", path)]));
        assert!(message.starts_with(&format!("cannot read `auth.secret` from file {path}")));
    }
}

#[test]
fn only_secrets_come_from_files() {
    let message = refusal(with_environment(&[("UPLOAD__MAX_LENGTH_FILE", "/etc/hostname")]));
    assert!(message.starts_with("unknown setting `upload.max_length_file`"), "{message}");
}

#[test]
fn a_weak_or_published_signing_secret_is_refused() {
    for secret in ["short", "sample-secret-replace-it-with-your-own"] {
        let message = refusal(with_environment(&[("AUTH__SECRET", secret)]));
        assert!(message.starts_with("setting `auth.secret` from environment"), "{message}");
        assert!(!message.contains(secret), "{message}");
    }
}

#[test]
fn secrets_are_masked_wherever_settings_are_shown() {
    let settings = with_environment(&[
        ("AUTH__SECRET", STRONG),
        ("NOTIFY__WEBHOOK__SECRET", "whsec_canary"),
        ("NOTIFY__WEBHOOK__URL", "https://1c.example/hook?token=canary"),
        ("DATABASE__URL", "postgres://forte:canary@db/forte?sslmode=require"),
    ]);
    let settings = settings.unwrap();
    assert_eq!(shown(&settings, "auth.secret"), "(secret)");
    assert_eq!(shown(&settings, "notify.webhook.url"), "https://1c.example/hook?***");
    assert_eq!(shown(&settings, "database.url"), "postgres://forte:***@db/forte?***");
    let everything = format!("{:?} {:?}", settings.explain(), settings.auth);
    assert!(!everything.contains("canary"), "{everything}");
}

#[test]
fn a_file_that_is_not_toml_is_refused_without_showing_its_line() {
    let message = refusal(load("[auth]\nsecret = \"canary", &[]));
    assert!(message.contains("settings.toml is not TOML: TOML parse error at line 2"), "{message}");
    assert!(!message.contains("canary"), "{message}");
}

#[test]
fn a_missing_settings_file_is_an_error() {
    let missing = TempDir::new().unwrap().path().join("absent.toml");
    let message = refusal(Settings::load(Some(&missing), []));
    assert!(message.starts_with("cannot read the settings in "), "{message}");
}

/// A service with an unknown setting refuses to start.
#[test]
fn the_deployment_files_name_only_known_settings() {
    let settings = with_environment(&[]).unwrap();
    let known: Vec<_> = settings.explain().iter().map(|setting| setting.key.as_str()).collect();
    let files = [include_str!("../../docker-compose.yml"), include_str!("../../Dockerfile")];
    let word = |text: &'static str| text.split(['=', ':', ' ', '"']).next().unwrap();
    for name in files.iter().flat_map(|file| file.split("FORTE_MEDIA__").skip(1)).map(word) {
        let key = name.to_lowercase().replace("__", ".");
        let secret = key.strip_suffix("_file").unwrap_or(&key);
        assert!(known.contains(&key.as_str()) || known.contains(&secret), "{name}");
    }
}

/// Each names the key, the value and what may be written, once.
#[test]
fn an_invalid_value_is_named_with_what_may_be_written() {
    for (key, value, advice) in [
        ("LOG__FORMAT", "xml", "`xml` is none of: text, json"),
        ("DATABASE__POOLER", "pgbouncer", "`pgbouncer` is none of: none, transaction"),
        ("MAIL__TLS", "ssl", "`ssl` is none of: starttls, tls, none"),
        ("HTTP__LISTEN", "localhost", "`localhost`: write an address and a port, such as"),
        ("UPLOAD__IDLE_TIMEOUT", "5", "`5`: write a duration, such as 90s"),
        ("UPLOAD__IDLE_TIMEOUT", "-5s", "`-5s`: a duration must be positive"),
        (
            "LEASING__TIME_ZONE",
            "Asia/Astana",
            "`Asia/Astana` is not a time zone; use a name such as",
        ),
    ] {
        let message = refusal(with_environment(&[(key, value)]));
        assert!(message.contains(advice), "{message}");
        assert_eq!(message.matches(&format!("`{value}`")).count(), 1, "{message}");
    }
}

#[test]
fn a_statement_must_end_before_the_request_that_waits_for_it() {
    let late = [("DATABASE__STATEMENT_TIMEOUT", "25s")];
    let message = refusal(with_environment(&late));
    let [shorter, longer] = ["database.statement_timeout", "upload.finish_wait"];
    assert!(message.contains(shorter) && message.contains(longer), "{message}");
    assert!(message.contains("FORTE_MEDIA__DATABASE__STATEMENT_TIMEOUT"), "{message}");
    let longer = [late[0], ("UPLOAD__FINISH_WAIT", "26s")];
    assert_eq!(with_environment(&longer).unwrap().database.statement_timeout.as_secs(), 25);
    let in_file = "[upload]\nfinish_wait = \"10s\"\n";
    assert!(refusal(load(in_file, &[])).contains("upload.finish_wait"));
}
