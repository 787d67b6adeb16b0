//! A TCP proxy that can freeze: its connections stay open, and no byte passes.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// The proxy. It stops when dropped.
pub(crate) struct TcpProxy {
    pub(crate) address: SocketAddr,
    frozen: Arc<watch::Sender<bool>>,
    _server: AbortOnDropHandle<()>,
}

impl TcpProxy {
    pub(crate) async fn in_front_of(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let frozen = Arc::new(watch::Sender::new(false));
        let serving = accept(listener, upstream, Arc::clone(&frozen));
        let server = AbortOnDropHandle::new(TaskTracker::new().spawn(serving));
        Self { address, frozen, _server: server }
    }

    /// From now on, no byte passes and no connection is made, as with a pulled cable.
    pub(crate) fn freeze(&self) {
        self.frozen.send_replace(true);
    }

    /// Ends the freeze. The bytes that were held back pass now.
    pub(crate) fn thaw(&self) {
        self.frozen.send_replace(false);
    }
}

async fn accept(listener: TcpListener, upstream: String, frozen: Arc<watch::Sender<bool>>) {
    let tasks = TaskTracker::new();
    while let Ok((client, _)) = listener.accept().await {
        let (upstream, frozen) = (upstream.clone(), frozen.subscribe());
        tasks.spawn(connect(client, upstream, frozen));
    }
}

async fn connect(client: TcpStream, upstream: String, mut frozen: watch::Receiver<bool>) {
    if frozen.wait_for(|frozen| !frozen).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = forward(from_client, to_server, frozen.clone());
    let down = forward(from_server, to_client, frozen);
    tokio::join!(up, down);
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut frozen: watch::Receiver<bool>,
) {
    let mut bytes = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let thawed = frozen.wait_for(|frozen| !frozen).await.is_ok();
        if !thawed || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    let _closed_already = to.shutdown().await;
}
