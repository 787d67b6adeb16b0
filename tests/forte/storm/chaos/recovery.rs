//! How long clients wait after a broken connection until a HEAD answers the offset.

use std::time::Duration;

use super::history::{Delivery, History, Observation};
use super::schedule::{At, Fault, Kind};

/// The times from each broken connection to the next HEAD with an offset, sorted.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    pub(super) all: Vec<Duration>,
    /// Those after the death of the node that held the upload, while nothing else was broken.
    pub(super) after_kill: Vec<Duration>,
}

struct Break<'a> {
    upload: &'a str,
    node: usize,
    began: At,
    at: At,
}

impl Recovery {
    pub(super) fn of(history: &History) -> Self {
        let mut recovery = Self::default();
        for delivery in &history.deliveries {
            for broken in breaks(delivery) {
                let Some(recovered) = next_head(delivery, &broken) else { continue };
                recovery.all.push(recovered.saturating_sub(broken.at));
                if let Some(kill) = kill_alone(&history.faults, &broken, recovered) {
                    // Nobody can answer before the only node has started again.
                    let down = if history.nodes == 1 { kill.end() } else { broken.at };
                    recovery.after_kill.push(recovered.saturating_sub(broken.at.max(down)));
                }
            }
        }
        recovery.all.sort();
        recovery.after_kill.sort();
        recovery
    }
}

/// The given percentile of sorted times; zero if there are none.
pub(super) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(at).copied().unwrap_or_default()
}

fn breaks(delivery: &Delivery) -> impl Iterator<Item = Break<'_>> {
    delivery.steps.iter().filter_map(|step| match &step.what {
        Observation::Broken { upload: Some(upload), node, began } => {
            Some(Break { upload, node: *node, began: *began, at: step.at })
        }
        _ => None,
    })
}

fn next_head(delivery: &Delivery, broken: &Break<'_>) -> Option<At> {
    let later = delivery.steps.iter().filter(|step| step.at >= broken.at);
    later
        .filter(|step| matches!(&step.what, Observation::Head { upload, .. } if upload == broken.upload))
        .map(|step| step.at)
        .next()
}

/// The kill of the node during the request, if no other fault reached into the time until `recovered`.
fn kill_alone<'f>(faults: &'f [Fault], broken: &Break<'_>, recovered: At) -> Option<&'f Fault> {
    let is_kill = |fault: &&Fault| {
        fault.kind == Kind::Kill
            && fault.node == broken.node
            && (broken.began..=broken.at).contains(&fault.at)
    };
    let kill = faults.iter().find(is_kill)?;
    let disturbs = |fault: &Fault| fault.at < recovered && fault.end() > broken.began;
    let others = faults.iter().filter(|fault| *fault != kill);
    others.copied().all(|fault| !disturbs(&fault)).then_some(kill)
}
