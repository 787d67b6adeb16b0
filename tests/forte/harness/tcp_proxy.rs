//! A TCP proxy that can freeze (its connections stay open, and no byte passes), cut its connections, and
//! follow a server to another address.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// The proxy. It stops when dropped.
pub(crate) struct TcpProxy {
    pub(crate) address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    _server: AbortOnDropHandle<()>,
}

struct State {
    upstream: String,
    is_frozen: bool,
    /// Connections of an earlier generation are closed.
    generation: u64,
}

impl TcpProxy {
    pub(crate) async fn in_front_of(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { upstream, is_frozen: false, generation: 0 };
        let state = Arc::new(watch::Sender::new(state));
        let serving = accept(listener, Arc::clone(&state));
        let server = AbortOnDropHandle::new(TaskTracker::new().spawn(serving));
        Self { address, state, _server: server }
    }

    /// From now on, no byte passes and no connection is made, as with a pulled cable.
    pub(crate) fn freeze(&self) {
        self.state.send_modify(|state| state.is_frozen = true);
    }

    /// Ends the freeze. The bytes that were held back pass now.
    pub(crate) fn thaw(&self) {
        self.state.send_modify(|state| state.is_frozen = false);
    }

    /// Closes all connections. New ones are made as before.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.generation += 1);
    }

    /// Connects to another address from now on.
    pub(crate) fn redirect(&self, upstream: String) {
        self.state.send_modify(|state| state.upstream = upstream);
    }
}

async fn accept(listener: TcpListener, state: Arc<watch::Sender<State>>) {
    let tasks = TaskTracker::new();
    while let Ok((client, _)) = listener.accept().await {
        let (generation, mut cut) = (state.borrow().generation, state.subscribe());
        let connection = connect(client, state.subscribe());
        tasks.spawn(async move {
            tokio::select! {
                () = connection => {}
                _ = cut.wait_for(|state| state.generation > generation) => {}
            }
        });
    }
}

async fn connect(client: TcpStream, mut state: watch::Receiver<State>) {
    let thawed = state.wait_for(|state| !state.is_frozen).await;
    let Ok(upstream) = thawed.map(|state| state.upstream.clone()) else { return };
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = forward(from_client, to_server, state.clone());
    let down = forward(from_server, to_client, state);
    tokio::join!(up, down);
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
) {
    let mut bytes = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let thawed = state.wait_for(|state| !state.is_frozen).await.is_ok();
        if !thawed || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    let _closed_already = to.shutdown().await;
}
