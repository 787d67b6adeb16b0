//! Connections that can no longer be used are closed, and statements have a time limit.

use std::time::{Duration, Instant};

use forte_media::database::{Config, Database};
use forte_media::model::MaybeTransient as _;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::harness::db::Db;
use crate::harness::fixture::Fixture;
use crate::harness::tcp_proxy::TcpProxy;

/// A primary that has become a standby refuses writes, but its connections live.
#[tokio::test(flavor = "multi_thread")]
async fn connections_to_a_former_primary_are_not_used_again() {
    let Some(db) = Db::postgresql().await else { return };
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report().await;
    db.set_read_only(true).await;
    let standby = db.open_again().await;
    let error = standby.begin_finishing(fixture.unused_upload_id(), 1).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    db.set_read_only(false).await;
    standby.begin_finishing(fixture.unused_upload_id(), 1).await.unwrap();
    standby.report(ref_key).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_ends_although_the_server_has_vanished() {
    let Some(db) = Db::postgresql().await else { return };
    let (proxy, config) = behind_proxy(&db).await;
    let database = Database::open(&config).await.unwrap();
    database.probe().await.unwrap();
    proxy.freeze();
    for _ in 0..3 {
        let began = Instant::now();
        let error = database.probe().await.unwrap_err();
        assert!(error.is_transient() && began.elapsed() < Duration::from_secs(3), "{error:?}");
    }
    proxy.thaw();
    database.probe().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_ends_although_the_server_has_vanished() {
    let Some(db) = Db::postgresql().await else { return };
    let fixture = Fixture::create(&db.database).await;
    let ref_key = fixture.report().await;
    let finished = fixture.finished_upload(fixture.driver, ref_key).await;
    let (proxy, config) = behind_proxy(&db).await;
    let database = Database::open(&config).await.unwrap();
    proxy.freeze();
    assert!(database.finish(&finished).await.unwrap_err().is_transient());
    proxy.thaw();
    database.finish(&finished).await.unwrap();
}

/// The settings of a database behind a proxy, with short limits.
async fn behind_proxy(db: &Db) -> (TcpProxy, Config) {
    let mut url = Url::parse(db.config.url.expose_secret()).unwrap();
    let upstream = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let proxy = TcpProxy::in_front_of(upstream).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.address.port())).unwrap();
    let config = Config {
        url: url.to_string().into(),
        max_connections: 2,
        acquire_timeout: SignedDuration::from_millis(500),
        statement_timeout: SignedDuration::from_millis(500),
        ..db.config.clone()
    };
    (proxy, config)
}
