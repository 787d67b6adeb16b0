//! The faults of a storm, drawn from its seed.

use std::collections::BTreeMap;
use std::time::Duration;

use forte_media::model::Random;

use crate::harness::service::Backend;
use crate::storm::random_below;

/// The time since the start of the storm.
pub(super) type At = Duration;

/// How long a takeover is left alone by other faults, so that it can be measured.
const QUIET: Duration = Duration::from_millis(4_500);
/// From this length on, a storm has faults that outlast every limit of the service.
const LONG: Duration = Duration::from_mins(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// SIGKILL; the node starts again afterwards.
    Kill,
    /// SIGSTOP, then SIGCONT.
    Suspend,
    /// Every connection of a node's clients is closed.
    CutClients,
    /// No byte passes between a node and its clients.
    StallClients,
    CutDatabase,
    StallDatabase,
    CutStore,
    StallStore,
    /// Bytes from the store are changed on the way.
    FlipRead,
    /// Bytes to the store are changed on the way.
    FlipWritten,
    /// PostgreSQL crashes and starts again.
    CrashDatabase,
    /// The store is killed and starts again.
    CrashStore,
    /// A long transaction holds SQLite's write lock.
    LockDatabase,
    /// The report service answers 503.
    RefuseEvent,
}

const EMBEDDED: [Kind; 6] = [
    Kind::Kill,
    Kind::Suspend,
    Kind::CutClients,
    Kind::StallClients,
    Kind::LockDatabase,
    Kind::RefuseEvent,
];

const SHARED: [Kind; 13] = [
    Kind::Kill,
    Kind::Suspend,
    Kind::CutClients,
    Kind::StallClients,
    Kind::CutDatabase,
    Kind::StallDatabase,
    Kind::CutStore,
    Kind::StallStore,
    Kind::FlipRead,
    Kind::FlipWritten,
    Kind::CrashDatabase,
    Kind::CrashStore,
    Kind::RefuseEvent,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) node: usize,
    pub(super) at: At,
    pub(super) lasts: Duration,
}

impl Fault {
    pub(super) fn end(&self) -> At {
        self.at + self.lasts
    }

    /// What is broken meanwhile; two faults of one target exclude each other.
    fn target(&self) -> (u8, usize) {
        match self.kind {
            Kind::Kill | Kind::Suspend => (0, self.node),
            Kind::CutClients | Kind::StallClients => (1, self.node),
            Kind::CutDatabase | Kind::StallDatabase => (2, self.node),
            Kind::CutStore | Kind::StallStore => (3, self.node),
            Kind::FlipRead | Kind::FlipWritten => (4, self.node),
            Kind::CrashDatabase | Kind::LockDatabase => (5, 0),
            Kind::CrashStore => (6, 0),
            Kind::RefuseEvent => (7, 0),
        }
    }
}

/// The faults of a storm, in the order of their beginnings. Everything has healed at its end.
pub(super) fn schedule(
    random: &Random,
    (backend, nodes): (Backend, usize),
    length: Duration,
) -> Vec<Fault> {
    let kinds = if backend == Backend::Embedded { &EMBEDDED[..] } else { &SHARED };
    let mut busy: BTreeMap<(u8, usize), At> = BTreeMap::new();
    let mut faults = Vec::new();
    let (mut at, mut healed) = (Duration::from_secs(1), Duration::ZERO);
    while at < length {
        let kind = kinds[random_below(random, kinds.len())];
        let is_measured = kind == Kind::Kill && random_below(random, 2) == 0;
        if is_measured {
            at = at.max(healed) + millis(random, 100, 300);
        }
        let lasts = duration(random, kind, length).min(length.saturating_sub(at));
        let fault = Fault { kind, node: random_below(random, nodes), at, lasts };
        if busy.get(&fault.target()).is_none_or(|until| *until < at) && at < length {
            busy.insert(fault.target(), fault.end());
            healed = healed.max(fault.end());
            faults.push(fault);
        }
        at += if is_measured { QUIET } else { millis(random, 150, 1_000) };
    }
    faults
}

fn duration(random: &Random, kind: Kind, length: Duration) -> Duration {
    match kind {
        Kind::CutClients
        | Kind::CutDatabase
        | Kind::CutStore
        | Kind::FlipRead
        | Kind::FlipWritten
        | Kind::RefuseEvent => Duration::ZERO,
        _ if random_below(random, 10) > 0 => millis(random, 50, 1_500),
        _ if length < LONG => millis(random, 1_500, 4_000),
        _ => millis(random, 4_000, 25_000),
    }
}

fn millis(random: &Random, from: usize, to: usize) -> Duration {
    Duration::from_millis((from + random_below(random, to - from)) as u64)
}
