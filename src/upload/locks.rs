//! Mutual exclusion of writers: one per upload, the newest wins.
//!
//! A writer holds a lock in this process (`lock_table`) and a lease in the database. Each
//! acquisition of the lease raises its fence, a fencing token that every later write repeats, so
//! that a previous holder's writes no longer match.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::database::{IdleRelease, NodeRow, ReleaseRequest, UploadRow};
use crate::model::{NodeId, Offset, PersonId, UploadId, UploadState};

use super::access::{Access, is_equal};
use super::dependencies::Dependencies;
use super::error::UploadError;
use super::lock_table::{LockGuard, LockTable};

/// How long a new upload may have no lock yet: the request that creates it is about to take one.
const BEING_CREATED: SignedDuration = SignedDuration::from_mins(1);

/// Grants the right to write to an upload, among the requests of this node and among nodes.
pub struct UploadLocks {
    deps: Arc<Dependencies>,
    pub(super) node: NodeId,
    table: LockTable,
    peers: PeerHeartbeats,
}

/// The right to write to an upload: its lock in this process and its lease in the database.
pub(super) struct WriteLease {
    pub(super) guard: LockGuard,
    pub(super) row: UploadRow,
    pub(super) fence: i64,
}

impl WriteLease {
    /// How many acknowledged bytes the spool file must hold: the offset of the upload.
    pub(super) const fn committed(&self) -> Offset {
        self.row.committed
    }
}

impl UploadLocks {
    /// Registers this node, and releases the leases that the previous process with the same spool held.
    pub(super) async fn register(deps: &Arc<Dependencies>) -> Result<Self, UploadError> {
        let home = deps.spool.id();
        // Without segments every acknowledged byte was flushed to the spool, so a restarted process can
        // trust the files there and keeps the id of the folder. With segments nothing is flushed to the
        // spool, so a restarted process gets a new id and does not trust the files of the previous one.
        let is_segmented = deps.is_segmented();
        let node = if is_segmented { NodeId::mint(&deps.clock, &deps.random) } else { home };
        deps.database.register_node(node, &home.to_string(), deps.clock.now()).await?;
        let (table, peers) = (LockTable::default(), PeerHeartbeats::default());
        Ok(Self { deps: Arc::clone(deps), node, table, peers })
    }

    /// Looks up an upload for a client. An upload that the client may not access is reported as not
    /// found.
    pub(super) async fn find(
        &self,
        id: UploadId,
        access: &Access,
    ) -> Result<UploadRow, UploadError> {
        let row = self.deps.database.upload(id).await?;
        // Hashed in any case, so that an unknown id costs what a wrong secret costs.
        let hash = access.secret.hash();
        let row = row.ok_or(UploadError::NotFound)?;
        let now = self.deps.clock.now();
        let foreign = access.caller.is_some_and(|caller| caller != row.owner);
        if !is_equal(&hash, &row.secret_hash) || foreign || !row.is_owner_active(now) {
            return Err(UploadError::NotFound);
        }
        match row.state {
            UploadState::Expired | UploadState::Lost => Err(UploadError::NotFound),
            UploadState::Open if row.expires_at <= now => Err(UploadError::NotFound),
            _ => Ok(row),
        }
    }

    /// Locks an upload that has not ended, after its current writer, on this node or another one, has
    /// released it. If a third request arrives while this one waits, the third is rejected as busy.
    pub(super) async fn lock(
        &self,
        id: UploadId,
        access: &Access,
    ) -> Result<(LockGuard, UploadRow), UploadError> {
        let first = self.find(id, access).await?;
        self.lock_found(first, access).await
    }

    /// As [`Self::lock`], for bytes at `offset`. A request that a slow network delivers after the client
    /// has come back on another connection must not interrupt the newer one: if the current writer has
    /// passed its offset, it fails at once.
    pub(super) async fn lock_at(
        &self,
        id: UploadId,
        access: &Access,
        offset: Offset,
    ) -> Result<(LockGuard, UploadRow), UploadError> {
        let first = self.find(id, access).await?;
        let is_passed = offset < first.committed || self.table.has_passed(id, offset);
        if first.state == UploadState::Open && is_passed {
            return Err(UploadError::Conflict(first.committed));
        }
        self.lock_found(first, access).await
    }

    async fn lock_found(
        &self,
        first: UploadRow,
        access: &Access,
    ) -> Result<(LockGuard, UploadRow), UploadError> {
        let id = first.id;
        if first.state == UploadState::Finishing && self.is_held(&first) {
            // Finishing cannot be interrupted, but a node that has failed to finish will release it.
            self.deps.database.request_release(id, first.fence).await?;
            return Err(UploadError::Busy);
        }
        let wait = self.deps.config.release_wait.unsigned_abs();
        let deadline = Instant::now() + wait;
        let guard = self.table.lock(id, wait).await.ok_or(UploadError::Busy)?;
        // A row without a holder is used as it was read: if it is outdated, its fence has changed, and
        // acquiring the lease fails. A holder, or the lock's previous owner, may have committed under the
        // same fence since; then the row is read again.
        if first.holder.is_none() && !guard.waited {
            return not_ended(guard, first);
        }
        loop {
            let row = self.find(id, access).await?;
            if !self.is_held_elsewhere(&row) {
                return not_ended(guard, row);
            }
            if row.state == UploadState::Finishing || Instant::now() >= deadline {
                return Err(UploadError::Busy);
            }
            self.deps.database.request_release(id, row.fence).await?;
            sleep(self.deps.config.lease_poll.unsigned_abs()).await;
        }
    }

    /// Acquires the lease of a locked upload.
    pub(super) async fn acquire_lease(
        &self,
        guard: LockGuard,
        row: UploadRow,
    ) -> Result<WriteLease, UploadError> {
        self.deps.pass_answer("upload.lease.acquire")?;
        let fence = self.deps.database.acquire_lease(row.id, row.fence, self.node).await?;
        Ok(WriteLease { guard, row, fence: fence.ok_or(UploadError::Busy)? })
    }

    /// Releases a lease, so that the next request need not wait for it. Does nothing if the lease has
    /// been released, or acquired by another writer. A failure is harmless: this node then has a lease
    /// without a lock, and releases it when another node asks for it.
    pub(super) async fn release(&self, lease: &WriteLease) {
        let id = lease.row.id;
        let release = async {
            self.deps.faults.pass("upload.lease.release")?;
            Ok::<_, UploadError>(self.deps.database.release_lease(id, lease.fence).await?)
        };
        if let Err(error) = release.await {
            tracing::warn!(upload = %id, %error, "lease not released");
        }
    }

    /// When a writer of this node last received bytes of an upload.
    pub(super) fn active_at(&self, upload: UploadId) -> Option<Timestamp> {
        self.table.active_at(upload)
    }

    /// Makes a writer of this node release its upload. `false` if it does not in time.
    pub(super) async fn release_writer(&self, upload: UploadId) -> bool {
        self.table.lock(upload, self.deps.config.release_wait.unsigned_abs()).await.is_some()
    }

    pub(super) fn is_locked(&self, upload: UploadId) -> bool {
        self.table.is_locked(upload)
    }

    fn is_held(&self, row: &UploadRow) -> bool {
        self.is_held_elsewhere(row) || self.is_locked(row.id)
    }

    /// Whether another node holds the lease. A lease of this node without a lock was left behind by a request
    /// that failed, and does not count.
    fn is_held_elsewhere(&self, row: &UploadRow) -> bool {
        row.holder.is_some_and(|holder| holder != self.node)
    }

    /// Sends heartbeats and watches those of other nodes, until `stop`, in two concurrent loops: on a slow
    /// database, watching could delay the own heartbeat beyond `holder_dead_after`.
    pub async fn run_heartbeats(self: Arc<Self>, stop: CancellationToken) {
        let every = self.deps.config.heartbeat;
        let failed = |error| tracing::warn!(%error, "heartbeat failed");
        let beats = repeat(&stop, every, || self.send_heartbeat(), failed);
        let watch = repeat(&stop, every, || self.check_leases(), failed);
        tokio::join!(beats, watch);
    }

    /// Sends one heartbeat, and watches those of other nodes once.
    pub async fn heartbeat(&self) -> Result<(), UploadError> {
        self.send_heartbeat().await?;
        self.check_leases().await
    }

    /// Checks that the database can be written. A heartbeat is a small write that harms nobody; SQLite skips
    /// updates that change nothing.
    pub async fn check_database(&self) -> Result<(), UploadError> {
        Ok(self.deps.database.heartbeat(self.node).await.map(drop)?)
    }

    async fn send_heartbeat(&self) -> Result<(), UploadError> {
        let sent = self.deps.database.heartbeat(self.node).await;
        if sent.is_err() {
            // Without a database no node can send one, so silence proves nothing.
            self.peers.forget();
        }
        if !sent? {
            // What this node holds is fenced off already.
            tracing::warn!(node = %self.node, "declared dead by its peers; registering again");
            let home = self.deps.spool.id().to_string();
            let now = self.deps.clock.now();
            self.deps.database.register_node(self.node, &home, now).await?;
        }
        Ok(())
    }

    /// Releases the leases that no request works under: of this node, of nodes whose heartbeats have stopped,
    /// and of unregistered nodes.
    async fn check_leases(&self) -> Result<(), UploadError> {
        let watched = self.observe_peers().await;
        if watched.is_err() {
            self.peers.forget();
        }
        watched
    }

    async fn observe_peers(&self) -> Result<(), UploadError> {
        let now = self.deps.clock.now();
        self.release_leases_without_lock().await?;
        let mut others = self.deps.database.nodes().await?;
        others.retain(|row| row.id != self.node);
        let dead_after = self.deps.config.holder_dead_after;
        for dead in self.peers.observe(&others, now, dead_after) {
            tracing::warn!(node = %dead, "no heartbeat; declaring the node dead");
            self.deps.database.mark_node_dead(dead, now).await?;
        }
        let nodes = self.deps.database.release_orphaned_leases(now).await?;
        if nodes > 0 {
            tracing::warn!(nodes, "released leases of unregistered nodes");
        }
        Ok(())
    }

    /// Releases the leases of this node that no running request uses: their release or their creation has
    /// failed. Ends the uploads that no client can resume: forms, and uploads whose URL was never sent.
    pub(super) async fn release_leases_without_lock(&self) -> Result<(), UploadError> {
        let Dependencies { database, clock, .. } = &*self.deps;
        let now = clock.now();
        for (upload, fence, is_unreachable) in
            database.leases(self.node, now - BEING_CREATED).await?
        {
            if self.is_locked(upload) {
                continue;
            }
            if is_unreachable {
                database.end_unanswered(upload, fence, self.node, now).await?;
            } else {
                database.release_lease(upload, fence).await?;
            }
        }
        Ok(())
    }

    /// Handles release requests of other nodes, until `stop`.
    pub async fn run_release_requests(self: Arc<Self>, stop: CancellationToken) {
        let failed = |error| tracing::debug!(%error, "could not look for release requests");
        let every = self.deps.config.lease_poll;
        repeat(&stop, every, || self.release_requested_leases(), failed).await;
    }

    /// Asks the writers of this node to release the leases that other nodes have requested. A lease
    /// without a lock was left behind by a request that failed, and is released at once.
    pub async fn release_requested_leases(&self) -> Result<(), UploadError> {
        let database = &self.deps.database;
        for ReleaseRequest { upload, fence, if_idle } in
            database.release_requests(self.node).await?
        {
            if if_idle && self.is_locked(upload) && !self.is_idle(upload) {
                database.keep_lease(upload, fence).await?;
            } else if !self.table.request_release(upload) {
                database.release_lease(upload, fence).await?;
            }
        }
        Ok(())
    }

    /// Whether a writer of this node has received nothing for a while.
    fn is_idle(&self, upload: UploadId) -> bool {
        let silence = self.active_at(upload).map(|at| self.deps.clock.now().duration_since(at));
        silence.is_some_and(|silence| silence >= self.deps.config.idle_writer)
    }

    /// Makes a writer of another node that has received nothing for a while release an upload of this
    /// person. `false` if all of them are receiving, or do not answer in time.
    pub(super) async fn release_idle_elsewhere(
        &self,
        person: PersonId,
    ) -> Result<bool, UploadError> {
        let (database, config) = (&self.deps.database, &self.deps.config);
        let deadline = Instant::now() + config.release_wait.unsigned_abs();
        for (upload, fence) in database.uploads_held_elsewhere(self.node, person).await? {
            database.request_release_if_idle(upload, fence).await?;
            loop {
                match database.idle_release(upload, fence).await? {
                    IdleRelease::Released => return Ok(true),
                    IdleRelease::Kept => break,
                    IdleRelease::Pending if Instant::now() >= deadline => return Ok(false),
                    IdleRelease::Pending => sleep(config.lease_poll.unsigned_abs()).await,
                }
            }
        }
        Ok(false)
    }

    /// At shutdown, asks every writer to make durable what has arrived and to release its upload, so
    /// that the client can continue on another node, or here after the restart.
    pub async fn release_all_on_shutdown(self: Arc<Self>, shutdown: CancellationToken) {
        shutdown.cancelled().await;
        self.table.request_release_of_all();
    }

    /// Removes this node from the database, with every lease it holds.
    pub async fn deregister(&self) -> Result<(), UploadError> {
        Ok(self.deps.database.mark_node_dead(self.node, self.deps.clock.now()).await?)
    }
}

/// Repeats a round at an interval, until `stop`. A failed one is reported, and ends nothing.
async fn repeat<F: Future<Output = Result<(), UploadError>>>(
    stop: &CancellationToken,
    every: SignedDuration,
    round: impl Fn() -> F,
    failed: impl Fn(UploadError),
) {
    while !stop.is_cancelled() {
        if let Some(Err(error)) = stop.run_until_cancelled(round()).await {
            failed(error);
        }
        let _stopped = stop.run_until_cancelled(sleep(every.unsigned_abs())).await;
    }
}

fn not_ended(guard: LockGuard, row: UploadRow) -> Result<(LockGuard, UploadRow), UploadError> {
    match row.state {
        UploadState::Open | UploadState::Finishing | UploadState::Stored => Ok((guard, row)),
        state => Err(UploadError::Ended { state, refusal: row.refusal.map(Box::new) }),
    }
}

/// When each peer's heartbeat counter was last seen to change, by this node's clock: the clocks of
/// nodes need not agree.
#[derive(Default)]
struct PeerHeartbeats(Mutex<HashMap<NodeId, LastHeartbeat>>);

#[derive(Clone, Copy)]
struct LastHeartbeat {
    counter: i64,
    at: Timestamp,
}

impl PeerHeartbeats {
    fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Records the counters, and returns the nodes whose counter has not changed for `dead_after`.
    fn observe(&self, rows: &[NodeRow], now: Timestamp, dead_after: SignedDuration) -> Vec<NodeId> {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|id, _| rows.iter().any(|row| row.id == *id));
        let mut dead = Vec::new();
        for row in rows {
            let fresh = LastHeartbeat { counter: row.heartbeat, at: now };
            let last = peers.entry(row.id).or_insert(fresh);
            if last.counter != row.heartbeat {
                *last = fresh;
            }
            if now.duration_since(last.at) >= dead_after {
                dead.push(row.id);
            }
        }
        dead
    }
}
