//! What every subject shares: servers, clients, clips, clocks, faults.
