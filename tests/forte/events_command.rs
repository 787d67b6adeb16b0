//! The subcommand `events`: the outbox for operators.

use clap::{FromArgMatches as _, Subcommand as _};
use forte_media::cli::{Answer, Events, Output};
use forte_media::database::EventState;
use forte_media::model::EventId;

use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::Fixture;

on_both_databases! {
    lists_one_line_per_message,
    shows_a_message_with_its_body,
    replays_a_message,
}

fn parse(arguments: &[&str]) -> Result<Events, clap::Error> {
    let command = Events::augment_subcommands(clap::Command::new("events"));
    let arguments = ["events"].iter().chain(arguments);
    Events::from_arg_matches(&command.try_get_matches_from(arguments)?)
}

async fn run(fixture: &Fixture, arguments: &[&str]) -> Output {
    parse(arguments).unwrap().output(&fixture.database, &fixture.clock).await.unwrap()
}

async fn mark_dead(db: &Db) {
    db.execute(
        "UPDATE outbox SET state = 'dead', attempts = 10, last_status = 503, \
         last_error = '503 Service Unavailable: 1C is busy'",
    )
    .await;
}

async fn lists_one_line_per_message(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let dead = fixture.enqueue().await;
    mark_dead(&db).await;
    let pending = fixture.enqueue().await;

    let all = run(&fixture, &["list"]).await;
    assert_eq!(all.data.lines().count(), 2);
    assert!(all.data.contains(&pending.to_string()) && all.data.contains("1C is busy"));
    let some = run(&fixture, &["list", "--state", "dead", "--limit", "5", "--json"]).await;
    let line: serde_json::Value = serde_json::from_str(some.data.trim()).unwrap();
    assert_eq!(line["id"], dead.to_string());
    assert_eq!((line["state"].as_str(), line["last_status"].as_i64()), (Some("dead"), Some(503)));
    assert!(line["due_at"].is_null(), "it is not tried again");
    assert_eq!(some.answer, Answer::Done);
}

async fn shows_a_message_with_its_body(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let id = fixture.enqueue().await;
    let shown = run(&fixture, &["show", &id.to_string(), "--json"]).await;
    assert_eq!(shown.data.lines().count(), 1);
    let shown: serde_json::Value = serde_json::from_str(&shown.data).unwrap();
    assert_eq!(shown["body"]["type"], "report.submitted");
    assert_eq!(shown["due_at"], fixture.now().to_string());

    let unknown = EventId::mint(&fixture.clock, &fixture.random).to_string();
    let output = run(&fixture, &["show", &unknown]).await;
    assert!(
        output.answer == Answer::No && output.data.is_empty() && output.message.contains(&unknown)
    );
}

async fn replays_a_message(db: Db) {
    let fixture = Fixture::create(&db.database).await;
    let id = fixture.enqueue().await;
    mark_dead(&db).await;
    let unknown = EventId::mint(&fixture.clock, &fixture.random);
    let output = run(&fixture, &["replay", &unknown.to_string(), &id.to_string()]).await;
    assert_eq!(output.data, format!("{id}\n"));
    assert!(output.answer == Answer::No && output.message.contains(&unknown.to_string()));
    let event = db.database.event(id).await.unwrap().unwrap();
    assert_eq!((event.state, event.attempts), (EventState::Pending, 0));
}

#[test]
fn refuses_unknown_arguments() {
    for arguments in [&["list", "--state", "asleep"][..], &["show", "7"], &["replay"]] {
        assert!(parse(arguments).is_err(), "{arguments:?}");
    }
}
