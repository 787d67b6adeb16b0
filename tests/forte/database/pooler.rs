//! A connection pooler that may give each transaction another server connection.

use forte_media::database::{Config, Database, Pooler};
use futures_util::future::join_all;

use crate::harness::clips::GOOD;
use crate::harness::db::Db;
use crate::harness::pgbouncer::PgBouncer;
use crate::harness::service::{Backend, Options, Service, TestEnv};
use crate::harness::tus;

const KNOWN_PARAMETERS: &str = "ignore_startup_parameters = extra_float_digits";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_are_stored_through_a_pooler() {
    let Some(env) = TestEnv::prepare(Backend::Shared).await else { return };
    let Some(pooler) = PgBouncer::before(&env.db, KNOWN_PARAMETERS).await else { return };
    let settings =
        vec![("DATABASE__URL", pooler.url()), ("DATABASE__POOLER", "transaction".to_owned())];
    let service = Service::on(env, "one", Options { settings, ..Options::default() }).await;
    let uploads = join_all((0..12).map(|_| async {
        let path = tus::create(&service, service.report().await, GOOD.len()).await;
        tus::patch(&service, &path, 0, GOOD).await.status()
    }));
    assert!(uploads.await.iter().all(|status| *status == 204));
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM submissions").await, 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_migrate_through_a_pooler_one_after_another() {
    let Some(db) = Db::postgresql().await else { return };
    let Some(pooler) = PgBouncer::before(&db, KNOWN_PARAMETERS).await else { return };
    let config = config(&db, &pooler, Pooler::Transaction);
    for _ in 0..3 {
        let migrated = join_all((0..4).map(|_| async {
            let node = Database::open(&config).await?;
            node.migrate().await?;
            node.probe().await
        }));
        migrated.await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_the_settings_do_not_mention_is_named_with_the_setting() {
    let Some(db) = Db::postgresql().await else { return };
    // With one server connection, both pools get it.
    let settings = format!("{KNOWN_PARAMETERS}\ndefault_pool_size = 1");
    let Some(pooler) = PgBouncer::before(&db, &settings).await else { return };
    let config = config(&db, &pooler, Pooler::None);
    let (one, two) = (Database::open(&config).await.unwrap(), Database::open(&config).await);
    let first = one.probe().await;
    let error = first.and(two.unwrap().probe().await).unwrap_err();
    assert!(error.to_string().contains("set database.pooler = \"transaction\""), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_refuses_our_parameters_is_named_with_its_setting() {
    let Some(db) = Db::postgresql().await else { return };
    let Some(pooler) = PgBouncer::before(&db, "").await else { return };
    let error = Database::open(&config(&db, &pooler, Pooler::Transaction)).await.unwrap_err();
    assert!(error.to_string().contains("ignore_startup_parameters"), "{error}");
}

fn config(db: &Db, pooler: &PgBouncer, kind: Pooler) -> Config {
    Config { url: pooler.url().into(), pooler: kind, ..db.config.clone() }
}
