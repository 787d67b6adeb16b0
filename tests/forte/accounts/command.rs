//! The command `account`.

use std::fs;
use std::process::{Command, Output};

use argon2::{Argon2, PasswordHasher as _};
use forte_media::database::{AccountOwner, NewAccount};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::Fixture;

on_both_databases!(adds_lists_rotates_and_disables_an_account,);

/// The program with this database.
fn command(db: &Db, arguments: &[&str]) -> Command {
    use secrecy::ExposeSecret as _;

    let mut command = Command::new(env!("CARGO_BIN_EXE_forte-media"));
    command.args(arguments).env_clear();
    command.env("FORTE_MEDIA__DATABASE__URL", db.config.url.expose_secret());
    command
}

fn run(db: &Db, arguments: &[&str]) -> Output {
    command(db, arguments).output().unwrap()
}

/// Standard output of a run that must succeed.
fn succeeds(db: &Db, arguments: &[&str]) -> String {
    let output = run(db, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

async fn adds_lists_rotates_and_disables_an_account(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let password =
        succeeds(&db, &["account", "add", "exchange", "office", "--network", "10.1.0.0/16"]);
    assert_eq!(password.trim_end().len(), 24, "standard output is only the password");
    let biin = "080540013184";
    succeeds(
        &db,
        &["account", "add", "reviewer", "aigul", "--name", "Айгуль С.", "--company", biin],
    );
    let list = succeeds(&db, &["account", "list", "--json"]);
    let list: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(list[0]["login"], "aigul");
    assert_eq!(list[0]["kind"], "reviewer");
    assert_eq!(list[1]["networks"][0], "10.1.0.0/16");
    assert!(!format!("{list:?}").contains("argon2"));
    let person = forte_media::model::PersonId(list[0]["person_id"].as_i64().unwrap());
    assert!(person > fixture.driver.id, "ids continue after the existing ones");
    let reviewer = db.database.active_person(person).await.unwrap().unwrap();
    assert_eq!(reviewer.company, fixture.driver.company);
    let rotated = succeeds(&db, &["account", "rotate", "office"]);
    assert_ne!(password, rotated);
    let revoked = run(&db, &["account", "rotate", "office", "--at-once"]);
    assert!(stderr(&revoked).contains("no longer works"), "{}", stderr(&revoked));
    assert_eq!(db.database.account("office").await.unwrap().unwrap().previous_hash, "");
    assert_eq!(succeeds(&db, &["account", "disable", "aigul"]), "");
    assert!(db.database.active_person(person).await.unwrap().is_none());
    assert!(succeeds(&db, &["account", "list"]).contains("disabled"));
}

#[tokio::test]
async fn takes_a_password_from_a_file_and_fails_for_unknown_logins_and_arguments() {
    let db = Db::sqlite().await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "a password of our own\n").unwrap();
    let file = file.to_str().unwrap();
    let add = ["account", "add", "exchange", "office", "--password-file", file];
    assert_eq!(succeeds(&db, &add), "", "a given password is not printed");
    assert_eq!(run(&db, &add).status.code(), Some(1));
    assert_eq!(run(&db, &["account", "rotate", "nobody"]).status.code(), Some(1));
    assert_eq!(run(&db, &["account", "disable", "nobody"]).status.code(), Some(1));
    let wrong = ["account", "add", "exchange", "x", "--network", "somewhere"];
    assert_eq!(run(&db, &wrong).status.code(), Some(2));
    let unknown = ["account", "add", "reviewer", "x", "--company", "000000000000"];
    assert_eq!(run(&db, &unknown).status.code(), Some(2));
}

/// Q42: neither its login nor its password is accepted.
#[tokio::test]
async fn the_sample_account_of_the_api_document_is_refused() {
    let db = Db::sqlite().await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "pass_1C").unwrap();
    let file = file.to_str().unwrap();
    for arguments in [
        ["account", "add", "exchange", "admin_1C"].as_slice(),
        &["account", "add", "exchange", "office", "--password-file", file],
    ] {
        let output = run(&db, arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains("are the published samples of the API document"),
            "{}",
            stderr(&output)
        );
    }
}

/// Q42
#[tokio::test]
async fn serve_refuses_to_start_while_the_sample_account_works() {
    let db = Db::sqlite().await;
    let hash = Argon2::default().hash_password_with_salt(b"pass_1C", b"sixteen bytes!!!").unwrap();
    let sample = NewAccount {
        login: "admin_1C".to_owned(),
        owner: AccountOwner::Exchange,
        password_hash: hash.to_string(),
        networks: Vec::new(),
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    assert!(db.database.add_account(&sample).await.unwrap());
    let folder = TempDir::new().unwrap();
    let served = command(&db, &["serve"])
        .current_dir(folder.path())
        .env("FORTE_MEDIA__AUTH__SECRET", "only-for-tests-and-at-least-32-bytes-long")
        .env("FORTE_MEDIA__HTTP__LISTEN", "127.0.0.1:0")
        .env("FORTE_MEDIA__OPS__LISTEN", "127.0.0.1:0")
        .output()
        .unwrap();
    assert_eq!(served.status.code(), Some(2));
    assert!(stderr(&served).contains("account disable admin_1C"), "{}", stderr(&served));
}
