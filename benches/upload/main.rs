//! The cost of an upload: CPU seconds per GiB of the real program with SQLite and a folder, compared
//! with the lower bound for any server (`floor`) for the same bytes from the same client.
//!
//! `cargo bench --bench upload [-- ROUNDS CLIPS [WORKLOAD]]`: each round sends CLIPS clips of 64 MiB
//! with each workload; prints the medians over the rounds.

mod clip;
mod cpu;
mod floor;
#[path = "../../tests/forte/harness/rows.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod rows;
mod service;
mod table;
mod wire;
mod workload;

use std::env;
use std::time::Instant;

use service::Service;
use table::{Measure, Table};
use workload::Workload;

/// Default number of rounds: enough for a median.
const ROUNDS: usize = 5;
/// Default number of clips per round: half a GiB, so that clock ticks of 10 ms do not matter.
const CLIPS: usize = 8;

fn main() -> anyhow::Result<()> {
    // cargo adds --bench.
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [word, folder] = words.as_slice()
        && word == floor::ARGUMENT
    {
        return floor::serve(folder.as_ref());
    }
    let number = |at: usize, other| words.get(at).map_or(Ok(other), |word| word.parse());
    let only = words.get(2).map(String::as_str);
    compare(number(0, ROUNDS)?, number(1, CLIPS)?, only)
}

fn compare(rounds: usize, clips: usize, only: Option<&str>) -> anyhow::Result<()> {
    let workloads: Vec<Workload> = Workload::ALL
        .into_iter()
        .filter(|workload| {
            *workload == Workload::Floor || only.is_none_or(|o| o == workload.name())
        })
        .collect();
    let clip = clip::clip()?;
    let floor = floor::Floor::start()?;
    let mut service = Service::start(rounds * clips * workloads.len())?;
    let mut table = Table::default();
    for round in 0..=rounds {
        for workload in &workloads {
            let process =
                if *workload == Workload::Floor { floor.process() } else { service.process() };
            let (cpu, wall) = (cpu::used(process)?, Instant::now());
            // The first round is a warm-up with one clip.
            let clips = if round == 0 { 1 } else { clips };
            for _ in 0..clips {
                workload.send(&clip, &floor, &mut service)?;
            }
            let wall = wall.elapsed();
            let cpu = cpu::used(process)?.saturating_sub(cpu);
            if round > 0 {
                table.add(*workload, &Measure { cpu, wall, bytes: clips * clip.len() });
            }
            floor.remove_videos()?;
            service.remove_videos()?;
        }
    }
    table.print();
    Ok(())
}
