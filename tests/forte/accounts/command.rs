//! `account`, as typed.

use std::fs;
use std::process::{Command, Output};

use argon2::{Argon2, PasswordHasher as _};
use forte_media::database::{AccountOwner, NewAccount};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::Fixture;

on_both_databases!(an_account_is_made_listed_rotated_and_closed,);

/// The program, on this database.
fn command(db: &Db, arguments: &[&str]) -> Command {
    use secrecy::ExposeSecret as _;

    let mut command = Command::new(env!("CARGO_BIN_EXE_forte-media"));
    command.args(arguments).env_clear();
    command.env("FORTE_MEDIA__DATABASE__URL", db.config.url.expose_secret());
    command
}

fn typed(db: &Db, arguments: &[&str]) -> Output {
    command(db, arguments).output().unwrap()
}

/// What is printed when it is done.
fn done(db: &Db, arguments: &[&str]) -> String {
    let output = typed(db, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

async fn an_account_is_made_listed_rotated_and_closed(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let password = done(&db, &["account", "add", "exchange", "office", "--network", "10.1.0.0/16"]);
    assert_eq!(password.trim_end().len(), 24, "one line, and nothing else");
    let biin = "080540013184";
    done(&db, &["account", "add", "reviewer", "aigul", "--name", "Айгуль С.", "--company", biin]);
    let list = done(&db, &["account", "list", "--json"]);
    let list: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(list[0]["login"], "aigul");
    assert_eq!(list[0]["kind"], "reviewer");
    assert_eq!(list[1]["networks"][0], "10.1.0.0/16");
    assert!(!format!("{list:?}").contains("argon2"));
    let person = forte_media::model::PersonId(list[0]["person_id"].as_i64().unwrap());
    assert!(person > fixture.driver.id, "numbers go on after those that are there");
    let reviewer = db.database.active_person(person).await.unwrap().unwrap();
    assert_eq!(reviewer.company, fixture.driver.company);
    let rotated = done(&db, &["account", "rotate", "office"]);
    assert_ne!(password, rotated);
    let at_once = typed(&db, &["account", "rotate", "office", "--at-once"]);
    assert!(words(&at_once).contains("opens nothing any more"), "{}", words(&at_once));
    assert_eq!(db.database.account("office").await.unwrap().unwrap().previous_hash, "");
    assert_eq!(done(&db, &["account", "disable", "aigul"]), "");
    assert!(db.database.active_person(person).await.unwrap().is_none());
    assert!(done(&db, &["account", "list"]).contains("closed"));
}

#[tokio::test]
async fn a_password_may_come_from_a_file_and_what_is_not_there_is_a_no() {
    let db = Db::sqlite().await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "a password of our own\n").unwrap();
    let file = file.to_str().unwrap();
    let add = ["account", "add", "exchange", "office", "--password-file", file];
    assert_eq!(done(&db, &add), "", "nobody is told what they know");
    assert_eq!(typed(&db, &add).status.code(), Some(1));
    assert_eq!(typed(&db, &["account", "rotate", "nobody"]).status.code(), Some(1));
    assert_eq!(typed(&db, &["account", "disable", "nobody"]).status.code(), Some(1));
    let wrong = ["account", "add", "exchange", "x", "--network", "somewhere"];
    assert_eq!(typed(&db, &wrong).status.code(), Some(2));
    let unknown = ["account", "add", "reviewer", "x", "--company", "000000000000"];
    assert_eq!(typed(&db, &unknown).status.code(), Some(2));
}

/// Q42: the document's sample account is never made, neither by name nor by password.
#[tokio::test]
async fn the_documents_sample_account_is_refused() {
    let db = Db::sqlite().await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "pass_1C").unwrap();
    let file = file.to_str().unwrap();
    for arguments in [
        ["account", "add", "exchange", "admin_1C"].as_slice(),
        &["account", "add", "exchange", "office", "--password-file", file],
    ] {
        let output = typed(&db, arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(words(&output).contains("which everybody knows"), "{}", words(&output));
    }
}

/// Q42: a service whose 1C comes in by the document's sample account does not start.
#[tokio::test]
async fn serve_does_not_start_while_the_sample_account_works() {
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
    assert!(words(&served).contains("account disable admin_1C"), "{}", words(&served));
}
