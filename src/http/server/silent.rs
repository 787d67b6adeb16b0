//! Connections that have not yet sent a complete request head. An honest client sends one within
//! milliseconds; beyond a limit the oldest of these connections is closed, so that silent ones keep nobody
//! out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::model::address_key;

#[derive(Debug, Clone)]
pub(super) struct SilentConnections(Arc<Registry>);

#[derive(Debug)]
struct Registry {
    max: usize,
    max_per_address: usize,
    connections: Mutex<Connections>,
}

#[derive(Debug, Default)]
struct Connections {
    next: u64,
    /// In the order in which they were accepted.
    by_age: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    address: String,
    close: CancellationToken,
}

/// A connection of the registry, until it is dropped.
#[derive(Debug)]
pub(super) struct SilentConnection {
    number: u64,
    registry: Arc<Registry>,
}

impl SilentConnections {
    pub(super) fn new(max: usize, max_per_address: usize) -> Self {
        let connections = Mutex::default();
        Self(Arc::new(Registry { max, max_per_address, connections }))
    }

    /// Adds a connection. `close` is cancelled if it must make room for another one.
    pub(super) fn add(&self, address: IpAddr, close: CancellationToken) -> SilentConnection {
        let address = address_key(address);
        let mut connections = self.0.lock();
        let of_address = connections.of_address(&address);
        if of_address.len() >= self.0.max_per_address {
            connections.close(of_address.first().copied());
        } else if connections.by_age.len() >= self.0.max {
            let oldest = connections.by_age.keys().next().copied();
            connections.close(oldest);
        }
        let number = connections.next;
        connections.next += 1;
        connections.by_age.insert(number, Entry { address, close });
        SilentConnection { number, registry: Arc::clone(&self.0) }
    }
}

impl Connections {
    fn of_address(&self, address: &str) -> Vec<u64> {
        let own = self.by_age.iter().filter(|(_, entry)| entry.address == address);
        own.map(|(number, _)| *number).collect()
    }

    fn close(&mut self, number: Option<u64>) {
        if let Some(entry) = number.and_then(|number| self.by_age.remove(&number)) {
            entry.close.cancel();
        }
    }
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SilentConnection {
    fn drop(&mut self) {
        self.registry.lock().by_age.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Client {
        close: CancellationToken,
        _silent: SilentConnection,
    }

    fn connect(connections: &SilentConnections, address: &str) -> Client {
        let close = CancellationToken::new();
        let silent = connections.add(address.parse().unwrap(), close.clone());
        Client { close, _silent: silent }
    }

    fn closed(clients: &[Client]) -> Vec<bool> {
        clients.iter().map(|client| client.close.is_cancelled()).collect()
    }

    #[test]
    fn the_oldest_silent_connection_of_an_address_makes_room() {
        let connections = SilentConnections::new(10, 2);
        let clients = ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.1"]
            .map(|address| connect(&connections, address));
        assert_eq!(closed(&clients), [true, false, false, false]);
    }

    #[test]
    fn the_oldest_of_all_makes_room_and_complete_heads_do_not_count() {
        let connections = SilentConnections::new(2, 2);
        let first = connect(&connections, "192.0.2.1");
        drop(connect(&connections, "192.0.2.2"));
        let rest = ["192.0.2.3", "192.0.2.4"].map(|address| connect(&connections, address));
        assert!(first.close.is_cancelled());
        assert_eq!(closed(&rest), [false, false]);
    }
}
