//! `events`: the outbox for operators.

use clap::{FromArgMatches as _, Subcommand as _};
use forte_media::cli::{Events, Said};
use forte_media::database::EventState;
use forte_media::model::EventId;

use crate::harness::db::{Db, on_both_databases};
use crate::harness::fixture::Fixture;

on_both_databases! {
    a_list_has_a_line_for_each_message,
    a_shown_message_has_its_body,
    a_replayed_message_is_pending_again,
}

fn parse(words: &[&str]) -> Result<Events, clap::Error> {
    let command = Events::augment_subcommands(clap::Command::new("events"));
    let words = ["events"].iter().chain(words);
    Events::from_arg_matches(&command.try_get_matches_from(words)?)
}

async fn answer(fixture: &Fixture, words: &[&str]) -> Said {
    parse(words).unwrap().answer(&fixture.database, &fixture.clock).await.unwrap()
}

async fn bury(db: &Db) {
    db.tamper(
        "UPDATE outbox SET state = 'dead', attempts = 10, last_status = 503, \
         last_error = '503 Service Unavailable: 1C is busy'",
    )
    .await;
}

async fn a_list_has_a_line_for_each_message(db: Db) {
    let fixture = Fixture::furnish(&db.database).await;
    let dead = fixture.told().await;
    bury(&db).await;
    let pending = fixture.told().await;

    let all = answer(&fixture, &["list"]).await;
    assert_eq!(all.data.lines().count(), 2);
    assert!(all.data.contains(&pending.to_string()) && all.data.contains("1C is busy"));
    let some = answer(&fixture, &["list", "--state", "dead", "--limit", "5", "--json"]).await;
    let line: serde_json::Value = serde_json::from_str(some.data.trim()).unwrap();
    assert_eq!(line["id"], dead.to_string());
    assert_eq!((line["state"].as_str(), line["last_status"].as_i64()), (Some("dead"), Some(503)));
    assert!(line["due_at"].is_null(), "it is not tried again");
    assert!(some.found);
}

async fn a_shown_message_has_its_body(db: Db) {
    let fixture = Fixture::furnish(&db.database).await;
    let id = fixture.told().await;
    let shown = answer(&fixture, &["show", &id.to_string(), "--json"]).await;
    assert_eq!(shown.data.lines().count(), 1);
    let shown: serde_json::Value = serde_json::from_str(&shown.data).unwrap();
    assert_eq!(shown["body"]["type"], "report.submitted");
    assert_eq!(shown["due_at"], fixture.now().to_string());

    let unknown = EventId::mint(&fixture.clock, &fixture.random).to_string();
    let said = answer(&fixture, &["show", &unknown]).await;
    assert!(!said.found && said.data.is_empty() && said.words.contains(&unknown));
}

async fn a_replayed_message_is_pending_again(db: Db) {
    let fixture = Fixture::furnish(&db.database).await;
    let id = fixture.told().await;
    bury(&db).await;
    let unknown = EventId::mint(&fixture.clock, &fixture.random);
    let said = answer(&fixture, &["replay", &unknown.to_string(), &id.to_string()]).await;
    assert_eq!(said.data, format!("{id}\n"));
    assert!(!said.found && said.words.contains(&unknown.to_string()));
    let event = db.database.event(id).await.unwrap().unwrap();
    assert_eq!((event.state, event.attempts), (EventState::Pending, 0));
}

#[test]
fn words_that_mean_nothing_are_refused() {
    for words in [&["list", "--state", "asleep"][..], &["show", "7"], &["replay"]] {
        assert!(parse(words).is_err(), "{words:?}");
    }
}
