//! The command line: exit codes, and what goes to standard output and standard error.

use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;

use crate::harness::log;

/// Runs the built binary with nothing in its environment but `variables`.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_forte-media"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    log::append(&output.stderr);
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn serve_check_prints_every_setting_with_its_origin() {
    let secret = "canary-0123456789-0123456789-0123456789";
    let output = run(&["serve", "--check"], &[("FORTE_MEDIA__AUTH__SECRET", secret)]);
    let shown = text(&output.stdout);
    let line = shown.lines().find(|line| line.starts_with("auth.secret ")).unwrap();
    assert!(line.contains("(secret)"), "{line}");
    assert!(line.ends_with("environment FORTE_MEDIA__AUTH__SECRET"), "{line}");
    assert!(!shown.contains("canary"));
}

#[test]
fn serve_check_warns_of_what_could_be_better() {
    let warnings = |variables: &[(&str, &str)]| {
        let output = run(&["serve", "--check"], variables);
        let lines = text(&output.stdout).lines().filter(|line| line.starts_with("warning  "));
        lines.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let found = warnings(&[]);
    assert!(found[0].contains("http.public_url") && found[0].contains("null"), "{found:?}");
    assert!(found[1].contains("auth.otp_digits"), "{found:?}");
    let set = [
        ("FORTE_MEDIA__HTTP__PUBLIC_URL", "https://media.example.kz"),
        ("FORTE_MEDIA__AUTH__OTP_DIGITS", "6"),
    ];
    assert_eq!(warnings(&set), [""; 0]);
}

#[test]
fn invalid_settings_are_reported_on_standard_error_with_exit_code_2() {
    let output = run(&["serve", "--check"], &[("FORTE_MEDIA__UPLOAD__MAX_LENGTH", "long")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let message = text(&output.stderr);
    assert!(message.starts_with("forte-media: setting `upload.max_length` from environment "));
}

#[test]
fn invalid_arguments_have_exit_code_2() {
    for arguments in [&["fly"][..], &["upload"], &["serve", "--config"], &["events", "show", "x"]] {
        assert_eq!(run(arguments, &[]).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn the_help_of_each_command_shows_an_example() {
    for command in ["serve", "demo", "upload", "doctor", "migrate", "events list"] {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("--help");
        let output = run(&arguments, &[]);
        assert_eq!(output.status.code(), Some(0));
        let example = format!("Example:\n  forte-media {command}");
        assert!(text(&output.stdout).contains(&example), "{command}");
    }
}

#[test]
fn reading_commands_do_not_create_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/forte-media.db");
    let url = format!("sqlite://{}", path.display());
    let settings = [("FORTE_MEDIA__DATABASE__URL", url.as_str())];
    for arguments in [&["events", "list"][..], &["account", "list"]] {
        let output = run(arguments, &settings);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let expected = format!("there is no database at {}", path.display());
        assert!(text(&output.stderr).contains(&expected), "{}", text(&output.stderr));
    }
    let spool = folder.path().join("spool").display().to_string();
    let store = format!("file:{}", folder.path().join("videos").display());
    let mail = folder.path().join("mail").display().to_string();
    let others = [
        ("FORTE_MEDIA__UPLOAD__SPOOL", spool.as_str()),
        ("FORTE_MEDIA__STORAGE__URL", &store),
        ("FORTE_MEDIA__MAIL__FOLDER", &mail),
    ];
    let doctor = run(&["doctor"], &[&settings[..], &others].concat());
    assert!(text(&doctor.stdout).contains("the database will be created"), "{doctor:?}");
    assert!(!path.exists());
}

#[test]
fn the_address_of_the_store_may_come_from_the_aws_variables() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let store = thread::spawn(move || listener.accept().map(drop));
    run(
        &["doctor"],
        &[
            ("AWS_ENDPOINT_URL", &endpoint),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("FORTE_MEDIA__STORAGE__URL", "s3://bucket"),
            ("FORTE_MEDIA__STORAGE__S3__TRIES", "1"),
            ("FORTE_MEDIA__DATABASE__URL", "sqlite::memory:"),
        ],
    );
    assert!(store.is_finished(), "the store got no request");
}
