//! Connections, with a time limit for each statement.
//!
//! sqlx returns a connection to the pool whatever its statements did. Three kinds must not be used
//! again: one whose statement was abandoned at the limit, one whose rollback failed, and one that was
//! opened before the server failed, such as a connection to a primary that has become a standby.
//!
//! Behind a pooler in transaction mode, the parse and the execution of one statement may reach different
//! server connections. Each statement outside a transaction therefore gets one of its own, and none is
//! prepared by name.
//!
//! SQLite has one writer at a time and no queue: waiting writers poll, so a later one can overtake an earlier
//! one, and any of them can reach the busy timeout ("database is locked"). The writers of this process therefore
//! queue here, in order and without a connection; the busy timeout is left for other processes.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::config::Pooler;
use super::error::{DatabaseError, is_connection_failure};

/// Limit for the end of a dropped statement and for the rollback of a dropped transaction.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub(super) connections: AnyPool,
    limits: Limits,
}

/// A write transaction. Rolled back when dropped.
pub(super) struct Write {
    transaction: Transaction<'static, Any>,
    limits: Limits,
    /// Dropped after the transaction.
    _permit: Option<WritePermit>,
}

/// The right of this process to write to a SQLite file, until it is dropped.
type WritePermit = OwnedSemaphorePermit;

/// The queue of the writers of a SQLite file, for all its pools.
#[derive(Clone, Debug)]
pub(super) struct Writers {
    permits: Arc<Semaphore>,
    wait: Duration,
}

/// By file, because a process may open one several times.
static QUEUES: LazyLock<Mutex<HashMap<PathBuf, Weak<Semaphore>>>> = LazyLock::new(Mutex::default);

impl Writers {
    /// The queue of a file, in which a writer waits for at most `wait`.
    pub(super) fn of(file: &Path, wait: Duration) -> Self {
        let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        let mut queues = QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|_, permits| permits.strong_count() > 0);
        let permits = queues.get(&file).and_then(Weak::upgrade);
        let permits = permits.unwrap_or_else(|| Arc::new(Semaphore::new(1)));
        queues.insert(file, Arc::downgrade(&permits));
        Self { permits, wait }
    }

    async fn permit(&self) -> Result<WritePermit, sqlx::Error> {
        let permit = timeout(self.wait, Arc::clone(&self.permits).acquire_owned()).await;
        let permit =
            permit.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "too many writers wait"));
        permit?.map_err(|_| sqlx::Error::PoolClosed)
    }
}

/// What the statements of a pool have in common.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    statement_timeout: Duration,
    pooler: Pooler,
    /// Only for SQLite.
    writers: Option<Writers>,
    /// Connections that were opened earlier are closed instead of used.
    failed_at: Arc<Mutex<Option<Instant>>>,
    /// How many statements have run, commits and beginnings of transactions included.
    statements: Arc<AtomicU64>,
}

/// Where a statement runs.
pub(super) enum Target<'c> {
    Pool(&'c Pool),
    Write(&'c mut Write),
}

/// A connection for one statement.
pub(super) struct Leased<'c> {
    connection: LeasedConnection<'c>,
    limits: Limits,
    /// Dropped after the connection.
    _permit: Option<WritePermit>,
}

enum LeasedConnection<'c> {
    Pooled(PoolConnection<Any>),
    InOwnTransaction(Transaction<'static, Any>),
    OfTransaction(&'c mut AnyConnection),
}

impl Pool {
    pub(super) async fn connect(
        options: AnyPoolOptions,
        url: &str,
        statement_timeout: Duration,
        pooler: Pooler,
        writers: Option<Writers>,
    ) -> Result<Self, sqlx::Error> {
        let limits = Limits {
            statement_timeout,
            pooler,
            writers,
            failed_at: Arc::default(),
            statements: Arc::default(),
        };
        let for_hook = limits.clone();
        let options = options
            .before_acquire(move |_, connection| {
                let is_usable = for_hook.is_usable(connection.age);
                Box::pin(async move { Ok(is_usable) })
            })
            .after_release(|connection, _| Box::pin(is_clean(connection)));
        Ok(Self { connections: options.connect(url).await?, limits })
    }

    pub(super) fn statements(&self) -> u64 {
        self.limits.statements.load(Ordering::Relaxed)
    }

    pub(super) async fn begin(&self, statement: &'static str) -> Result<Write, DatabaseError> {
        // Both have a limit of their own.
        let permit = self.limits.write_permit().await?;
        let connection = self.connections.acquire().await?;
        let begun = Transaction::begin(connection, Some(sqlx::SqlStr::from_static(statement)));
        let transaction = self.limits.apply(begun).await?;
        Ok(Write { transaction, limits: self.limits.clone(), _permit: permit })
    }
}

impl Write {
    /// For migrations, which may take longer than other statements.
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    pub(super) fn may_prepare(&self) -> bool {
        self.limits.may_prepare()
    }

    /// If the limit is reached, it is not known whether the transaction was committed.
    pub(super) async fn commit(self) -> Result<(), DatabaseError> {
        self.limits.apply(self.transaction.commit()).await
    }
}

impl Limits {
    pub(super) async fn apply<T>(
        &self,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, DatabaseError> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let timed_out = || Err(io::Error::from(io::ErrorKind::TimedOut).into());
        let result = timeout(self.statement_timeout, work).await.unwrap_or_else(|_| timed_out());
        if result.as_ref().is_err_and(is_connection_failure) {
            *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        Ok(result?)
    }

    /// Whether a connection may keep the plans of its statements.
    pub(super) fn may_prepare(&self) -> bool {
        self.pooler == Pooler::None
    }

    async fn write_permit(&self) -> Result<Option<WritePermit>, DatabaseError> {
        match &self.writers {
            Some(writers) => Ok(Some(writers.permit().await?)),
            None => Ok(None),
        }
    }

    fn is_usable(&self, age: Duration) -> bool {
        let failed_at = *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        failed_at.is_none_or(|failed_at| failed_at.elapsed() > age)
    }
}

/// Whether a connection can be returned to the pool: a dropped transaction has been rolled back. SQLite
/// rolls back by itself when its disk is full; then the `ROLLBACK` fails, and sqlx counts a transaction
/// that no longer exists.
async fn is_clean(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    match timeout(RELEASE_TIMEOUT, connection.ping()).await {
        Ok(answered) => answered.map(|()| !connection.is_in_transaction()),
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}

impl<'c> From<&'c Pool> for Target<'c> {
    fn from(pool: &'c Pool) -> Self {
        Self::Pool(pool)
    }
}

impl<'c> From<&'c mut Write> for Target<'c> {
    fn from(write: &'c mut Write) -> Self {
        Self::Write(write)
    }
}

impl<'c> Target<'c> {
    /// The same target, for one of several statements.
    pub(super) fn reborrow(&mut self) -> Target<'_> {
        match self {
            Self::Pool(pool) => Target::Pool(pool),
            Self::Write(write) => Target::Write(write),
        }
    }

    /// A connection for a statement. `writes`: whether it changes rows.
    pub(super) async fn lease(self, writes: bool) -> Result<Leased<'c>, DatabaseError> {
        let (connection, limits, permit) = match self {
            Self::Pool(pool) => {
                let permit = if writes { pool.limits.write_permit().await? } else { None };
                let connection = match pool.limits.pooler {
                    Pooler::None => LeasedConnection::Pooled(pool.connections.acquire().await?),
                    Pooler::Transaction => {
                        LeasedConnection::InOwnTransaction(pool.begin("BEGIN").await?.transaction)
                    }
                };
                (connection, pool.limits.clone(), permit)
            }
            Self::Write(write) => {
                let connection = LeasedConnection::OfTransaction(&mut write.transaction);
                (connection, write.limits.clone(), None)
            }
        };
        Ok(Leased { connection, limits, _permit: permit })
    }
}

impl Leased<'_> {
    /// The connection, and the limits to [apply](Limits::apply) to the statement.
    pub(super) fn parts(&mut self) -> (&mut AnyConnection, &Limits) {
        let connection = match &mut self.connection {
            LeasedConnection::Pooled(connection) => &mut **connection,
            LeasedConnection::InOwnTransaction(transaction) => &mut **transaction,
            LeasedConnection::OfTransaction(connection) => &mut **connection,
        };
        (connection, &self.limits)
    }

    /// Ends the use of the connection, after a statement that succeeded.
    pub(super) async fn finish(self) -> Result<(), DatabaseError> {
        match self.connection {
            LeasedConnection::InOwnTransaction(transaction) => {
                self.limits.apply(transaction.commit()).await
            }
            LeasedConnection::Pooled(_) | LeasedConnection::OfTransaction(_) => Ok(()),
        }
    }
}
